// Reads a published file with the DuckDB client of Node, as text, and writes what
// reading.py writes. Run in the folder that holds node_modules:
//   node read.mjs marts.duckdb
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const { DuckDBInstance, version } = require("@duckdb/node-api");

const ALIAS = "bi's marts";
const identifier = (name) => `"${name.replaceAll('"', '""')}"`;
const literal = (text) => `'${text.replaceAll("'", "''")}'`;

async function checksum(connection, sql) {
  const digest = createHash("md5");
  const result = await connection.stream(sql);
  let rows = 0;
  for await (const piece of result.yieldRowsJs()) {
    for (const row of piece) {
      digest.update(row.map((value) => (value === null ? "\\N" : String(value))).join("\x1f"));
      digest.update("\n");
      rows += 1;
    }
  }
  return { rows, md5: digest.digest("hex") };
}

async function tried(connection, sql) {
  try {
    return await checksum(connection, sql);
  } catch (error) {
    return { error: error.message.trim().split("\n")[0] };
  }
}

async function rowsOf(connection, sql) {
  return (await connection.runAndReadAll(sql)).getRowsJS();
}

async function read(connection, alias) {
  const prefix = alias ? `${identifier(alias)}.` : "";
  const [[current]] = await rowsOf(connection, "select current_database()");
  const isHere = `database_name = ${literal(alias ?? current)} and not internal`;

  const columns = new Map();
  for (const [schema, table, column] of await rowsOf(
    connection,
    `select schema_name, table_name, column_name from duckdb_columns() where ${isHere} ` +
      "order by schema_name, table_name, column_index",
  )) {
    const name = `${schema}.${table}`;
    if (!columns.has(name)) columns.set(name, { schema, table, names: [] });
    columns.get(name).names.push(identifier(column));
  }
  const relations = {};
  for (const [name, { schema, table, names }] of columns) {
    const texts = names.map((column) => `cast(${column} as varchar) as ${column}`).join(", ");
    const from = `from ${prefix}${identifier(schema)}.${identifier(table)} order by all`;
    relations[name] = {
      text: await tried(connection, `select ${texts} ${from}`),
      // All of it as values of JavaScript; these are not Python's, so only counted.
      values: { rows: (await rowsOf(connection, `select * ${from}`)).length },
    };
  }

  const described = ["table", "view"]
    .map(
      (kind) =>
        `select schema_name, ${kind}_name as name, '' as column_name, comment ` +
        `from duckdb_${kind}s() where ${isHere}`,
    )
    .concat(
      "select schema_name, table_name, column_name, comment from duckdb_columns() " +
        `where ${isHere}`,
    )
    .join(" union all ");
  const comments = await checksum(
    connection,
    `select * from (${described}) where comment is not null order by all`,
  );

  await connection.run(
    `create temp table scored_by_client as select * from ${prefix}main.customer_features ` +
      "where is_current and has_sufficient_history order by customer_id",
  );
  const customers = await rowsOf(
    connection,
    `select customer_id from ${prefix}main.customer_segments ` +
      "where status = 'segmented' order by customer_id limit 5",
  );
  const macros = {};
  const ways = alias ? [["attached", prefix], ["used", ""]] : [["direct", ""]];
  for (const [way, before] of ways) {
    if (way === "used") await connection.run(`use ${identifier(alias)}`);
    const main = before && `${before}main.`;
    const explained = customers
      .map(([id]) => `select * from ${main}explain_customer(${literal(id)})`)
      .join(" union all ");
    const asked = {
      score_customers: `select * from ${main}score_customers('scored_by_client')`,
      explain_customer: `select * from (${explained})`,
      customer_explanations:
        `select * from ${before}customer_explanations ` +
        `where customer_id = ${literal(customers[0][0])}`,
    };
    for (const [name, sql] of Object.entries(asked)) {
      macros[`${name}, ${way}`] = await tried(
        connection,
        `select cast(columns(*) as varchar) from (${sql}) order by all`,
      );
    }
  }
  return { relations, comments, macros };
}

const [path] = process.argv.slice(2);
const file = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
const connection = await file.connect();
const direct = await read(connection);
connection.closeSync();
file.closeSync();

const memory = await DuckDBInstance.create(":memory:");
const other = await memory.connect();
await other.run(`attach ${literal(path)} as ${identifier(ALIAS)} (read_only)`);
const attached = await read(other, ALIAS);
process.stdout.write(JSON.stringify({ version: version(), direct, attached }));
