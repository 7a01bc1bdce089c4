/** Selectors of list, watch and deletecollection (E17). */
export {
  bindFieldSelector,
  parseFieldSelector,
  requiredFieldValue,
} from './fieldselectors.ts';
export {
  labelSelectorMatches,
  parseLabelSelector,
} from './labelselectors.ts';
