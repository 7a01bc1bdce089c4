/** Selectors of list, watch and deletecollection (E17). */
export {
  type BoundFieldSelector,
  bindFieldSelector,
  type FieldRequirement,
  type FieldSelector,
  parseFieldSelector,
  requiredFieldValue,
} from './fieldselectors.ts';
export {
  type LabelRequirement,
  type LabelSelector,
  labelSelectorMatches,
  parseLabelSelector,
} from './labelselectors.ts';
