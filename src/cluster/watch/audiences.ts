import type { KubeObject } from '../objects/object.ts';
import { type Audience, createAudience, type Listener, type TellingForm } from './audience.ts';
import type { Follower } from './follower.ts';

/** What a watcher wants to be told. */
export interface Wish {
  readonly follower: Follower;
  /** What `Follower.listen` takes. */
  readonly scope: string;
  readonly form: TellingForm;
  readonly matches: ((object: KubeObject) => boolean) | undefined;
  /** Wishes of one scope and form with the same text select alike. */
  readonly selection: string;
}

/** A watcher's place in its audience. */
export interface Seat {
  /** After it, the watcher has been handed everything that was committed. */
  settle(): void;
  leave(): void;
}

/** Brings watchers with the same wish together. */
export interface Audiences {
  join(wish: Wish, listener: Listener): Seat;
}

interface Room {
  readonly follower: Follower;
  readonly form: TellingForm;
  readonly audience: Audience;
  readonly close: () => void;
}

export function createAudiences(): Audiences {
  const rooms = new Map<string, Set<Room>>();
  return {
    join({ follower, scope, form, matches, selection }, listener) {
      const key = `${scope}\n${selection}`;
      const alike = rooms.get(key) ?? new Set<Room>();
      rooms.set(key, alike);
      let room = [...alike].find((one) => one.follower === follower && one.form === form);
      if (room === undefined) {
        const audience = createAudience(form, matches);
        const close = follower.listen(scope, (change) => audience.tell(change));
        room = { follower, form, audience, close };
        alike.add(room);
      }
      const { audience, close } = room;
      audience.join(listener);
      const joined = room;
      return {
        settle: () => audience.settle(),
        leave() {
          audience.leave(listener);
          if (audience.size > 0) return;
          close();
          alike.delete(joined);
          if (alike.size === 0 && rooms.get(key) === alike) rooms.delete(key);
        },
      };
    },
  };
}
