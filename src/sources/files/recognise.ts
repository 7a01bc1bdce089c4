import { awsAuthKeys } from '../../access/awsauth.ts';
import { asObject, asText, type JsonObject } from '../../access/json.ts';
import { describeFault, isSavedSnapshot, readSnapshot, ShapeFault } from '../saved/saved.ts';
import { isAnswer, readAnswer } from './awscli/answers.ts';
import { isTemplate, readTemplate } from './cloudformation/template.ts';
import { isEksctlConfig, readEksctlConfig } from './eksctl/eksctl.ts';
import type { Findings } from './facts.ts';
import { isManifest, readAwsAuthData, readManifest } from './manifests/manifests.ts';
import { isTerraform, readTerraform } from './terraform/terraform.ts';
import type { FileDocument } from './text/documents.ts';

/** Reads a document as what it is, by what is in it; false where it is nothing that is known here. */
export function readDocument(document: FileDocument, findings: Findings): boolean {
  const value = asObject(document.value);
  if (value === undefined) return false;
  const format = formats.find(({ is }) => is(value));
  format?.read(document, value, findings);
  return format !== undefined;
}

interface Format {
  readonly is: (value: JsonObject) => boolean;
  readonly read: (document: FileDocument, value: JsonObject, findings: Findings) => void;
}

/** The first that fits. */
const formats: readonly Format[] = [
  { is: isSavedSnapshot, read: readSaved },
  { is: isEksctlConfig, read: readEksctlConfig },
  { is: isManifest, read: (document, value, findings) => readManifest(document, value, findings) },
  { is: isTerraform, read: readTerraform },
  { is: isTemplate, read: readTemplate },
  { is: isAnswer, read: readAnswer },
  {
    is: isBareAwsAuth,
    read: (document, value, findings) => readAwsAuthData(document, value, value, findings, {}),
  },
];

function readSaved(document: FileDocument, value: JsonObject, findings: Findings): void {
  try {
    findings.add({ fact: 'snapshot', snapshot: readSnapshot(value), place: document.placeOf(value) });
  } catch (error) {
    if (!(error instanceof ShapeFault)) throw error;
    findings.gap({ area: 'file', ...describeFault(error, document) });
  }
}

/** The data of aws-auth without the ConfigMap around it. */
function isBareAwsAuth(value: JsonObject): boolean {
  const names = Object.keys(value);
  const known: readonly string[] = awsAuthKeys;
  return names.length > 0 && names.every((name) => known.includes(name) && asText(value[name]) !== undefined);
}
