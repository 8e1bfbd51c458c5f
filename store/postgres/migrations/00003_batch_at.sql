-- +goose Up

-- For the sweep of statements that nobody asks for any more: of a table that has a row for
-- each statement of a day, it would read all.
create index if not exists batch_at on waguard.batch (at);
