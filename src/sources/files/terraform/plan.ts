import { asObject, type JsonObject } from '../../../access/json.ts';
import { SourceError } from '../../sourceerror.ts';
import { placeText } from '../assemble/draft.ts';
import { readFileText } from '../text/bytes.ts';
import { documentsIn, type FileDocument } from '../text/documents.ts';
import { formatFault, isPlan, isTerraform } from './terraform.ts';

/** What `terraform show -json PLAN` or `tofu show -json PLAN` printed. */
export interface TerraformPlan {
  readonly file: string;
  readonly document: FileDocument;
  readonly value: JsonObject;
}

/** Throws SourceError for a text that is no plan; `file` is what places call it. */
export function parsePlan(text: string, file: string): TerraformPlan {
  const [document] = documentsIn(file, text);
  if (document !== undefined && 'fault' in document) {
    throw new SourceError('misuse', `${placeText(document.place)}: ${document.fault}`);
  }
  const value = asObject(document?.value);
  if (document === undefined || value === undefined || !isTerraform(value) || !isPlan(value)) {
    throw new SourceError('misuse', `\`${file}\` is no Terraform plan in JSON`, howToMakeOne);
  }
  const fault = formatFault(value);
  if (fault !== undefined) throw new SourceError('misuse', `${file}: ${fault}`);
  return { file, document, value };
}

/** The plan in a file; undefined where it is anything else, and for a directory. `-` is standard input. */
export async function findPlan(path: string): Promise<TerraformPlan | undefined> {
  const file = path === '-' ? 'standard input' : path;
  const found = await readFileText(path);
  if (!found.ok || !looksLikePlan(found.text)) return undefined;
  return parsePlan(found.text, file);
}

/** Before anything is parsed: what is no plan is read by others, who tell what is wrong with it. */
function looksLikePlan(text: string): boolean {
  const hasName = (name: string): boolean => text.includes(`"${name}"`);
  return /^\s*\{\s*"format_version"/.test(text) && (hasName('planned_values') || hasName('resource_changes'));
}

const howToMakeOne = 'make one with `terraform plan -out PLAN` and `terraform show -json PLAN > plan.json`';
