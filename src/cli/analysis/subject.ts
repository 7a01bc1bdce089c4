export { parseSubject, unboundHint } from '../../engine/analysis/ask/subject.ts';
