import { type BundleInput, webhookFolder } from './input.ts';
import { hasPods, podsPage } from './pods.ts';
import { block, type Recipe } from './recipe.ts';
import { tokenWindow, windows } from './windows.ts';

/** The page that goes with a bundle: install, check, undo, and what to expect. Facts of this bundle only, no secret. */
export function readme(input: BundleInput, recipe: Recipe): string {
  const { clusterName, distribution, version, authenticateUrl, serialNumber, expires } = input;
  return `${[
    `# ${clusterName}: connect its API server to Entryway`,
    `Made for ${distribution}, Kubernetes ${version.text}. The API server will ask ${new URL(authenticateUrl).origin} who a token is and, where RBAC says nothing, whether an access policy allows it.`,
    `**Keep this folder like a password:** it holds the key of the client certificate ${serialNumber}, valid until ${expires}. Entryway has no copy of the key.`,
    '## Install',
    recipe.install,
    '## Check',
    block('sh', `entryway doctor --cluster ${clusterName} --bundle .`),
    'It sends the reviews that the API server would send, from this machine. Where this machine reaches the webhooks by another address than the API server does, add `--address https://HOST:PORT`. Then see who you are in the cluster, with a kubeconfig whose user gets tokens from `aws eks get-token` or `entryway token`:',
    block('sh on-the-cluster', 'kubectl auth whoami'),
    ...(hasPods(input) ? podsPage(input, recipe.folder) : []),
    '## Undo',
    recipe.undo,
    `Then revoke the certificate: \`entryway cluster credentials revoke ${clusterName} --serial ${serialNumber}\`.`,
    '## What to expect',
    bullets([
      `**Nobody is locked out.** Client certificates (the \`admin.conf\` of the cluster), service account tokens and the cluster’s own components are accepted before the webhook is asked. Members of \`system:masters\` are allowed before any authorizer. When Entryway is down they go on as before; users from IAM get \`401\` for tokens the API server does not remember.`,
      `**RBAC first.** The order is Node, RBAC, Entryway: RBAC answers from memory, and only what it does not allow is asked over the network. The price: what RBAC allows cannot be forbidden here; take the binding away instead.`,
      `**Revocation windows.** A deleted entry, a blocked principal, a changed group or username: out of the API server within ${tokenWindow} seconds (token cache ${windows.authentication} s, and ${windows.acceptedToken} s that have no flag). An access policy taken away: ${windows.authorized} seconds. A new entry works after at most ${windows.authentication} seconds for whoever was refused before, a new association after ${windows.unauthorized}. Watches, \`exec\`, \`logs -f\` and \`port-forward\` that run already go on until they end.`,
      ...(input.authorization === 'configuration'
        ? [
            `**Only IAM users are asked about.** \`matchConditions\` keeps all other requests off the network. Access policies do not apply under impersonation.`,
            `**A failed call is no opinion** (\`failurePolicy: NoOpinion\`, after 3 seconds): RBAC’s answer stands.`,
          ]
        : [
            `**Everything RBAC does not allow is asked**, whoever wants it: the classic flags know no conditions. Kubernetes 1.30 and newer can do better. A failed call is no opinion: RBAC’s answer stands.`,
          ]),
      `**The token webhook is set by flags in every version**: \`AuthenticationConfiguration\` knows JWT issuers, no webhook. A new kubeconfig for it needs a restart.`,
      `**Before ${expires}** make a new bundle into another folder, replace \`${webhookFolder}/\`, restart, check, and revoke the old certificate.`,
    ]),
    ...(recipe.notes.length === 0 ? [] : [`## About ${distribution}`, bullets(recipe.notes)]),
  ].join('\n\n')}\n`;
}

function bullets(points: readonly string[]): string {
  return points.map((point) => `- ${point}`).join('\n');
}
