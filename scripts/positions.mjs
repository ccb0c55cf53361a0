// Writes down where each transition of the charts is written, by `state event index`, for
// divergence reports to quote. Charts are object literals, so it is their text that is read.
//
// usage: node positions.mjs FILE.json
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './steps.mjs';

const FOLDER = 'src/machines';

writeFileSync(process.argv[2], `${JSON.stringify(positions(), null, 1)}\n`);

/** File and line of each. */
function positions() {
  const files = new Map(
    readdirSync(join(ROOT, FOLDER))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => [name, parse(name)])
  );
  const found = {};
  for (const file of files.values()) {
    for (const config of machinesIn(file)) {
      const id = textOf(propertyOf(config, 'id', file, files)?.value);
      if (id !== undefined) walkState({ node: config, file }, id, files, found);
    }
  }
  return found;
}

function parse(name) {
  const text = readFileSync(join(ROOT, FOLDER, name), 'utf8');
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const names = new Map();
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) {
      for (const { name: declared, initializer } of statement.declarationList.declarations) {
        if (ts.isIdentifier(declared) && initializer)
          names.set(declared.text, { node: initializer });
      }
    }
    if (ts.isFunctionDeclaration(statement) && statement.name) {
      names.set(statement.name.text, { node: statement });
    }
    if (ts.isImportDeclaration(statement)) addImports(statement, names);
  }
  return { name, source, names };
}

function addImports({ moduleSpecifier, importClause }, names) {
  const from = moduleSpecifier.text;
  const bindings = importClause?.namedBindings;
  if (!from.startsWith('./') || !bindings || !ts.isNamedImports(bindings)) return;
  for (const { name, propertyName } of bindings.elements) {
    names.set(name.text, { from: from.slice(2), as: (propertyName ?? name).text });
  }
}

function machinesIn({ source }) {
  const found = [];
  const visit = (node) => {
    if (isCallOf(node, 'createMachine')) found.push(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function walkState(at, id, files, found) {
  note(propertyOf(at.node, 'always', at.file, files)?.at, id, '', files, found);
  const on = propertyOf(at.node, 'on', at.file, files)?.at;
  for (const { name, at: reaction } of fieldsOf(on, files)) note(reaction, id, name, files, found);
  const states = propertyOf(at.node, 'states', at.file, files)?.at;
  for (const { name, at: state } of fieldsOf(states, files)) {
    const resolved = resolve(state, files);
    if (resolved) walkState(resolved, `${id}.${name}`, files, found);
  }
}

function note(at, id, event, files, found) {
  if (at === undefined) return;
  const list = ts.isArrayLiteralExpression(at.node) ? at.node.elements : [at.node];
  for (const [index, candidate] of list.entries()) {
    const { file } = at;
    const { line } = file.source.getLineAndCharacterOfPosition(candidate.getStart(file.source));
    found[`${id} ${event} ${index}`] = [`${FOLDER}/${file.name}`, line + 1];
  }
}

/** The fields of an object literal, those that are spread into it too; a later one wins. */
function fieldsOf(at, files) {
  const object = resolve(at, files);
  if (object === undefined || !ts.isObjectLiteralExpression(object.node)) return [];
  const fields = new Map();
  for (const property of object.node.properties) {
    if (ts.isSpreadAssignment(property)) {
      const spread = { node: property.expression, file: object.file };
      for (const field of fieldsOf(spread, files)) fields.set(field.name, field);
    } else if (property.name) {
      const node = ts.isShorthandPropertyAssignment(property)
        ? property.name
        : property.initializer;
      fields.set(property.name.text, { name: property.name.text, at: { node, file: object.file } });
    }
  }
  return [...fields.values()];
}

function propertyOf(node, name, file, files) {
  const field = fieldsOf({ node, file }, files).find((one) => one.name === name);
  return field && { at: field.at, value: field.at.node };
}

/** What an expression comes to: names, calls and fields are followed up to a literal. */
function resolve(at, files) {
  if (at === undefined) return undefined;
  const { node, file } = at;
  if (ts.isIdentifier(node)) return resolve(named(node.text, file, files), files);
  if (ts.isPropertyAccessExpression(node)) {
    const object = resolve({ node: node.expression, file }, files);
    const field = fieldsOf(object, files).find(({ name }) => name === node.name.text);
    return resolve(field?.at, files);
  }
  if (ts.isCallExpression(node)) return resolve(called(node, file, files), files);
  if (
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isParenthesizedExpression(node)
  ) {
    return resolve({ node: node.expression, file }, files);
  }
  return at;
}

function named(name, file, files) {
  const known = file.names.get(name);
  if (known === undefined) return undefined;
  if (known.node) return { node: known.node, file };
  const other = files.get(known.from);
  return other && named(known.as, other, files);
}

// A function that makes a part of a chart does it in what it returns.
function called(call, file, files) {
  if (isCallOf(call, 'createStateConfig')) return { node: call.arguments[0], file };
  const callee = resolve({ node: call.expression, file }, files);
  const body = callee?.node.body;
  if (body === undefined) return undefined;
  if (!ts.isBlock(body)) return { node: body, file: callee.file };
  const last = body.statements.find(ts.isReturnStatement);
  return last?.expression && { node: last.expression, file: callee.file };
}

function isCallOf(node, name) {
  return (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    node.expression.name.text === name
  );
}

function textOf(node) {
  return node && ts.isStringLiteral(node) ? node.text : undefined;
}
