import { type FieldError, forbiddenField, invalidValue, required } from './fielderror.ts';
import { type JsonValue, own } from './json.ts';
import { labelErrors, labelValueFindings, qualifiedNameFindings } from './names.ts';

/** What is wrong with a LabelSelector, in the words and the order of apimachinery's `ValidateLabelSelector`. */
export function labelSelectorErrors(selector: JsonValue, field: string): readonly FieldError[] {
  const errors = [...labelErrors(own(selector, 'matchLabels'), `${field}.matchLabels`)];
  listOf(own(selector, 'matchExpressions')).forEach((expression, index) => {
    const at = `${field}.matchExpressions[${index}]`;
    errors.push(
      ...labelRequirementErrors(expression, at, { unknownOperator: 'not a valid selector operator' }),
    );
  });
  return errors;
}

/** Of one requirement; without `unknownOperator` an operator nobody knows yet is let through. */
export function labelRequirementErrors(
  requirement: JsonValue,
  field: string,
  options: { readonly unknownOperator?: string } = {},
): readonly FieldError[] {
  const key = own(requirement, 'key');
  const keyText = typeof key === 'string' ? key : '';
  return [
    ...valueCountErrors(requirement, field, options),
    ...qualifiedNameFindings(keyText).map((finding) => invalidValue(`${field}.key`, keyText, finding)),
    ...listOf(own(requirement, 'values')).flatMap((value, index) =>
      labelValueFindings(typeof value === 'string' ? value : '').map((finding) =>
        invalidValue(`${field}.values[${index}]`, value, finding),
      ),
    ),
  ];
}

/** Whether a requirement has as many values as its operator takes; the same for labels and fields. */
export function valueCountErrors(
  requirement: JsonValue,
  field: string,
  { unknownOperator }: { readonly unknownOperator?: string } = {},
): readonly FieldError[] {
  const count = listOf(own(requirement, 'values')).length;
  const operator = own(requirement, 'operator') ?? '';
  switch (operator) {
    case 'In':
    case 'NotIn':
      return count > 0
        ? []
        : [required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return count === 0
        ? []
        : [
            forbiddenField(
              `${field}.values`,
              "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
          ];
    default:
      return unknownOperator === undefined
        ? []
        : [invalidValue(`${field}.operator`, operator, unknownOperator)];
  }
}

const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
