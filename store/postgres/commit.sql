{{- /*
What many changes leave, in one statement. Every change belongs to a group of those that
touch the same rows; a group is written whole or, where something it rests on is another
by now, not at all. What is handed over is said in batch.go, by name.

All of it sees one moment, but for what is held: a row that another transaction holds is
waited for, and is then read as that one has left it. Rows are held in the order of their
keys, so that nobody waits for somebody who waits for them.

Rows are found one by one (lateral) and written by insert … on conflict, which always go
by the primary key: a plan that was made while a table was small, and reads all of it,
would be kept while it grows.

The first array of each unnest is a select of its own, so that the planner doesn't look
into it: a plan for arrays of this length seemed better to it than the one it had, was made
each time anew, and took longer to make than to follow.

Versions of records that weren't there are odd and those of others even: a record that
has appeared since it was looked for is not written over.
*/ -}}
with
held as materialized (
    select h.key, h.version
    from unnest((select @held_shard::bytea[]), @held_key::bytea[]) as k(shard, key)
    cross join lateral (
        select s.key, s.version from waguard.state s where s.key = k.key and s.shard = k.shard for no key update
    ) as h
),
{{range .Journals}}
held_{{.}} as materialized (
    select h.at, h.id, h.version
    from unnest((select @held_{{.}}_at::timestamptz[]), @held_{{.}}_id::uuid[]) as k(at, id)
    cross join lateral (
        select l.at, l.id, l.version from waguard.{{.}} l where l.at = k.at and l.id = k.id for no key update
    ) as h
),
{{end}}
stale as materialized (
    select c.g from unnest((select @read_group::int[]), @read_key::bytea[], @read_version::bigint[]) as c(g, key, version)
    left join held h on h.key = c.key
    where coalesce(h.version, 0) <> c.version
    union
    select c.g from unnest((select @peeked_group::int[]), @peeked_shard::bytea[], @peeked_key::bytea[], @peeked_version::bigint[]) as c(g, shard, key, version)
    left join lateral (
        select s.version from waguard.state s where s.key = c.key and s.shard = c.shard limit 1
    ) as s on true
    where coalesce(s.version, 0) <> c.version
    {{range .Journals}}
    union
    select c.g from unnest((select @read_{{.}}_group::int[]), @read_{{.}}_id::uuid[], @read_{{.}}_version::bigint[]) as c(g, id, version)
    left join held_{{.}} h on h.id = c.id
    where coalesce(h.version, 0) <> c.version
    {{end}}
),
records as materialized (
    select w.shard, w.key, w.value, w.until, nullif(w.shown, '')::jsonb as shown, case
        when h.key is null then @least::bigint | 1
        else (greatest(h.version, @least::bigint) + 2) & ~1::bigint
    end as version
    from unnest((select @write_group::int[]), @write_shard::bytea[], @write_key::bytea[], @write_value::bytea[], @write_until::timestamptz[], @write_shown::text[])
        as w(g, shard, key, value, until, shown)
    left join held h on h.key = w.key
    where not exists (select from stale where stale.g = w.g)
),
written as (
    insert into waguard.state (shard, key, version, value, until, shown)
    select shard, key, version, value, until, shown from records order by key
    on conflict (key, shard) do update set version = excluded.version, value = excluded.value, until = excluded.until, shown = excluded.shown
    where excluded.version % 2 = 0
    returning 1
),
{{range .Journals}}
lines_{{.}} as materialized (
    select w.at, w.id, 1::bigint as version, w.data, w.settled{{range $.Columns}}, {{.Value}} as {{.Name}}{{end}}
    from unnest((select @enter_{{.}}_group::int[]), @enter_{{.}}_at::timestamptz[], @enter_{{.}}_id::uuid[], @enter_{{.}}_data::bytea[], @enter_{{.}}_settled::bytea[]{{$journal := .}}{{range $.Columns}}, @enter_{{$journal}}_{{.Name}}::text[]{{end}})
        as w(g, at, id, data, settled{{range $.Columns}}, {{.Name}}{{end}})
    where not exists (select from stale where stale.g = w.g)
    union all
    select h.at, h.id, h.version + 1, '', w.settled{{range $.Columns}}, {{if eq .Name "outcome"}}w.outcome{{else}}null{{end}}{{end}}
    from unnest((select @settle_{{.}}_group::int[]), @settle_{{.}}_id::uuid[], @settle_{{.}}_settled::bytea[], @settle_{{.}}_outcome::text[])
        as w(g, id, settled, outcome)
    join held_{{.}} h on h.id = w.id
    where not exists (select from stale where stale.g = w.g)
),
written_{{.}} as (
    insert into waguard.{{.}} (at, id, version, data, settled{{range $.Columns}}, {{.Name}}{{end}})
    select at, id, version, data, settled{{range $.Columns}}, {{.Name}}{{end}} from lines_{{.}}
    on conflict (at, id) do update set version = excluded.version, settled = excluded.settled, outcome = excluded.outcome
    where excluded.version > 1
    returning 1
),
{{end}}
entered as (
    insert into waguard.batch (id, stale) select @id::uuid, coalesce(array_agg(g), '{}') from stale returning stale
)
-- Where a row has appeared that wasn't there, all of it is undone: division by zero.
select stale, 1 / (
    (select count(*) from records){{range .Journals}} + (select count(*) from lines_{{.}}){{end}}
    = (select count(*) from written){{range .Journals}} + (select count(*) from written_{{.}}){{end}}
)::int,
(select array_agg(key order by key) from records), (select array_agg(version order by key) from records)
from entered
