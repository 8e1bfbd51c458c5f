-- +goose Up

-- For people and their tools: Metabase, Grafana, a spreadsheet. Nobody is named in them but
-- by pseudonyms, and no text is in them. docs/reference/tables.md explains the columns.

create view waguard.waguard_ledger as
select
    at, id, business, phone_number_id, waba, sender, token as sender_token,
    verdict, rule, template, category, market, outcome, price, currency, tags
from waguard.ledger;

create view waguard.waguard_violation as
select
    at, id, business, phone_number_id, waba, sender, token as sender_token,
    verdict, rule, template, category, market, outcome, price, currency, tags
from waguard.violation;

create view waguard.waguard_consent as
select
    (shown ->> 'at')::timestamptz as at,
    (shown ->> 'recorded')::timestamptz as recorded,
    shown ->> 'person' as person,
    shown ->> 'phone_number_id' as phone_number_id,
    shown ->> 'state' as state,
    shown -> 'scopes' as scopes,
    coalesce((shown ->> 'general')::boolean, false) as general,
    shown ->> 'source' as source,
    shown ->> 'handover' as handover,
    shown -> 'lacks' as lacks
from waguard.state
-- The kind of consent records, by the first byte of their keys: of the index only they are read.
where key >= '\x68' and key < '\x69' and shown is not null;
