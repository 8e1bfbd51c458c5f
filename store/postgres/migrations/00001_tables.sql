-- +goose Up

-- Records of the book: who wrote when, who consented, what templates are, what
-- became of messages. What they mean is in the gateway's store/keys.go.
create table waguard.state (
    -- What belongs to one person, number or template has one shard, so that a
    -- distributed engine can keep it together.
    shard bytea not null,
    key bytea not null,
    -- Grows with every change, also over deletions.
    version bigint not null,
    -- CBOR. Null: there is no such record; the row stays for a day.
    value bytea,
    -- May be deleted from then on. Null: never.
    until timestamptz,
    -- What people may see of it who read tables; null for kinds that are of no use to them.
    shown jsonb,
    -- By key first: records are looked up by it, and read in its order.
    primary key (key, shard)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

-- For the sweep of what has expired.
create index state_until on waguard.state (until) where until is not null;

-- One row a send that was judged, allowed or refused.
create table waguard.ledger (
    -- The time in the id, so that the id alone finds the partition.
    at timestamptz not null,
    id uuid not null,
    version bigint not null default 1,
    -- What people look for; null where there is none, or nobody knows.
    phone_number_id text,
    business text,
    waba text,
    rule text,
    template text,
    sender text,
    token text,
    -- What the message was expected to be of, and to cost.
    category text,
    market text,
    verdict text,
    outcome text,
    price numeric,
    currency text,
    -- Each a name, "=" and a value.
    tags text[],
    -- CBOR: the send, the facts it was judged by, the decision; and what became of it.
    data bytea not null,
    settled bytea,
    primary key (at, id)
) partition by range (at);

-- Those of them that are violations. They are kept for as long as the operator says,
-- which may be longer.
create table waguard.violation (like waguard.ledger including all) partition by range (at);

-- For violations by rule and by number, newest first.
create index violation_rule on waguard.violation (rule, at);
create index violation_number on waguard.violation (phone_number_id, at);

-- One row a statement that changed something, for a day: whoever doesn't know what
-- became of one looks here.
create table waguard.batch (
    id uuid primary key,
    at timestamptz not null default now(),
    -- Which of the changes in it were not made, since what they rested on had changed.
    stale int[] not null,
    -- Who looked and found nothing has seen to it that nothing will come.
    fenced boolean not null default false,
    looks int not null default 0
);

-- What a gateway must know before it serves: whose pseudonyms these are.
create table waguard.about (
    name text primary key,
    value text not null
);
