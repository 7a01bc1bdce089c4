import type { Attributes, UserInfo } from '../../engine/authorizer/attributes.ts';
import { nodeOf, serviceAccountOf, type WantedUser } from './impersonation.ts';

/** One way of constrained impersonation (kubernetes-facts A17). */
export interface ConstrainedMode {
  readonly name: string;
  /** Whether this mode is about such a user at all. */
  readonly fits: (wanted: WantedUser, realUser: UserInfo) => boolean;
  /** What is really asked, where that is not what the headers say. */
  readonly asked?: (attributes: Attributes) => Attributes;
}

const namesAlone = ({ uid, groups, extra }: WantedUser): boolean =>
  uid === '' && groups.length === 0 && extra.size === 0;

const nodeNameKey = 'authentication.kubernetes.io/node-name';

/** Read from upstream's `filters/impersonation/mode.go` of 1.36, in its order. */
export const constrainedModes: readonly ConstrainedMode[] = [
  {
    name: 'associated-node',
    fits: (wanted, realUser) => {
      const node = nodeOf(wanted.username);
      const own = Object.hasOwn(realUser.extra, nodeNameKey) ? realUser.extra[nodeNameKey] : undefined;
      return (
        node !== undefined &&
        namesAlone(wanted) &&
        serviceAccountOf(realUser.username) !== undefined &&
        own?.length === 1 &&
        own[0] === node
      );
    },
    // The same answer for every node: which one it is has been checked above.
    asked: (attributes) => ({
      ...attributes,
      user: {
        ...attributes.user,
        extra: {
          'authentication.kubernetes.io/associated-node-keys': Object.keys(attributes.user.extra).sort(),
        },
      },
      ...(attributes.kind === 'resource' &&
        attributes.verb === 'impersonate:associated-node' && { name: '*' }),
    }),
  },
  {
    name: 'arbitrary-node',
    fits: (wanted) => namesAlone(wanted) && nodeOf(wanted.username) !== undefined,
  },
  {
    name: 'serviceaccount',
    fits: (wanted) => namesAlone(wanted) && serviceAccountOf(wanted.username) !== undefined,
  },
  {
    name: 'user-info',
    fits: ({ username }) => nodeOf(username) === undefined && serviceAccountOf(username) === undefined,
  },
];
