/** A custom resource in the hands of stock kubectl: defined, created, explained, printed and taken away. */
import { afterAll, beforeAll, describe } from 'vitest';
import { newestKubectl } from './clients.ts';
import { followSteps, openTerminal, type Terminal } from './kubectl.ts';
import { openScene, type Scene } from './scene.ts';
import { createCluster, createClusterRole } from './world.ts';

let scene: Scene;
let terminal: Terminal;

beforeAll(async () => {
  scene = await openScene();
  await createClusterRole(scene.root);
  await createCluster(scene.root, scene.connection, 'custom');
  terminal = openTerminal(scene, 'custom', newestKubectl);
}, 120_000);

afterAll(() => scene?.close());

const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: shirts.stable.example.com
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: shirts, kind: Shirt, shortNames: [sh]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    selectableFields: [{jsonPath: .spec.color}]
    additionalPrinterColumns:
    - {name: Color, type: string, jsonPath: .spec.color}
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    - {name: Size, type: string, jsonPath: .spec.size, priority: 1}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            description: What is wanted.
            required: [color]
            properties:
              color: {type: string, description: The color of the shirt.}
              size: {type: string, enum: [S, M, L], default: M}
          status:
            type: object
            x-kubernetes-preserve-unknown-fields: true
`;

const shirt = (spec: string): string =>
  `kubectl apply -f - <<'END'\napiVersion: stable.example.com/v1\nkind: Shirt\nmetadata: {name: mine}\nspec: ${spec}\nEND`;

describe('kubectl', () => {
  followSteps(
    () => terminal,
    [
      {
        run: `kubectl apply --server-side -f - <<'END'\n${definition}END`,
        out: 'customresourcedefinition.apiextensions.k8s.io/shirts.stable.example.com serverside-applied',
      },
      {
        run: 'kubectl wait --for condition=established --timeout=5s crd/shirts.stable.example.com',
        out: 'customresourcedefinition.apiextensions.k8s.io/shirts.stable.example.com condition met',
      },
      {
        run: shirt('{color: blue, size: XL, sleeves: 2}'),
        code: 1,
        err: 'Error from server (BadRequest): error when creating "STDIN": Shirt in version "v1" cannot be handled as a Shirt: strict decoding error: unknown field "spec.sleeves"',
      },
      {
        run: shirt('{color: blue, size: XL}'),
        code: 1,
        err: 'The Shirt "mine" is invalid: spec.size: Unsupported value: "XL": supported values: "S", "M", "L"',
      },
      { run: shirt('{color: blue}'), out: 'shirt.stable.example.com/mine created' },
      {
        run: 'kubectl get sh -o wide --field-selector spec.color=blue',
        out: 'NAME   COLOR   READY   SIZE\nmine   blue            M',
      },
      {
        run: 'kubectl explain shirt.spec.color',
        out: 'GROUP:      stable.example.com\nKIND:       Shirt\nVERSION:    v1\n\nFIELD: color <string>\n\n\nDESCRIPTION:\n    The color of the shirt.',
      },
      {
        run: 'kubectl delete crd shirts.stable.example.com',
        out: 'customresourcedefinition.apiextensions.k8s.io "shirts.stable.example.com" deleted',
      },
    ],
  );
});
