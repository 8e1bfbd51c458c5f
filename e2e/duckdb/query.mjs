// Reads SQL statements from standard input, a JSON array, and prints the rows of each, in which
// numbers that JSON could not keep exactly are texts.
import { DuckDBInstance } from '@duckdb/node-api'

let input = ''
for await (const chunk of process.stdin) input += chunk
const connection = await (await DuckDBInstance.create(':memory:')).connect()
const answers = []
for (const sql of JSON.parse(input)) {
	answers.push((await connection.runAndReadAll(sql)).getRowObjectsJson())
}
console.log(JSON.stringify(answers))
