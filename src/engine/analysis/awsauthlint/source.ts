import type { Position } from '../../iam/position.ts';

/** The data of a ConfigMap aws-auth with the place of everything in it, read by whoever knows YAML. */
export interface AwsAuthSource {
  /** Where findings about the whole go. */
  readonly position: Position;
  readonly keys: readonly SourceKey[];
}

export interface SourceKey {
  readonly name: string;
  readonly position: Position;
  readonly value: SourceValue;
}

export type SourceValue =
  /** One of the spellings of nothing (eks-access-facts G6). */
  | { readonly kind: 'empty'; readonly text: string }
  | { readonly kind: 'broken'; readonly position: Position; readonly message: string }
  /** `isText`: whether the value is text, as it must be, or was written as YAML of the manifest itself. */
  | { readonly kind: 'yaml'; readonly isText: boolean; readonly node: YamlNode };

/** A value of YAML with aliases and merges carried out. */
export type YamlNode =
  | { readonly kind: 'map'; readonly position: Position; readonly members: readonly YamlMember[] }
  | { readonly kind: 'list'; readonly position: Position; readonly items: readonly YamlNode[] }
  | { readonly kind: 'text'; readonly position: Position; readonly text: string; readonly isQuoted: boolean }
  | { readonly kind: 'null'; readonly position: Position }
  /** A number, a truth value, a time: what Go's JSON does not take for text. */
  | { readonly kind: 'other'; readonly position: Position; readonly type: string };

export interface YamlMember {
  readonly name: string;
  readonly position: Position;
  readonly value: YamlNode;
}
