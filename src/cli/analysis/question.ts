export { parseQuestion, type QuestionOptions } from '../../wire/kube/question.ts';
