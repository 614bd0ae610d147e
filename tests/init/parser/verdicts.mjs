// Prints what GitHub's own parser says of workflow files, as JSON: the errors by file.
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

// The package imports JSON in a way that bundlers know and Node does not.
const json = `
import { readFile } from 'node:fs/promises';
export async function load(url, context, next) {
  if (!url.endsWith('.json')) return next(url, context);
  const text = await readFile(new URL(url), 'utf8');
  return { format: 'module', source: 'export default ' + text, shortCircuit: true };
}`;
register('data:text/javascript,' + encodeURIComponent(json));

const [folder, ...paths] = process.argv.slice(2);
const entry = `${folder}/node_modules/@actions/workflow-parser/dist/index.js`;
const parser = await import(pathToFileURL(entry));
const verdicts = {};
for (const path of paths) {
  const content = await readFile(path, 'utf8');
  const read = parser.parseWorkflow({ name: path, content }, new parser.NoOperationTraceWriter());
  let errors = read.context.errors.getErrors().map((error) => error.message);
  if (!errors.length) {
    const whole = await parser.convertWorkflowTemplate(read.context, read.value);
    errors = (whole.errors ?? []).map((error) => error.Message);
  }
  verdicts[path] = errors;
}
console.log(JSON.stringify(verdicts));
