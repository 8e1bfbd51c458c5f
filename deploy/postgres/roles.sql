-- Roles for a database of waguard, each with what it needs and nothing else:
--
--   waguard_owner   owns the tables: for waguard store migrate and waguard store maintain
--   waguard         serves: for the gateways, with auto_migrate off
--   waguard_reader  reads the views, in which nobody is named: grant it to whom analyses
--                   (grant waguard_reader to metabase)
--
-- Run it as a superuser (or as who owns the database and may make roles) in the database
-- of waguard, before the first waguard store migrate, and again after each:
--
--   psql --dbname=waguard --set=ON_ERROR_STOP=1 --file=roles.sql
--
-- It can be run as often as you like. Give the first two a password of its own afterwards,
-- with \password in psql, or another way to log in. What each grant is for stands in
-- docs/how-to/run-replicas.md.

do $$
begin
	if not exists (select from pg_roles where rolname = 'waguard_owner') then
		create role waguard_owner login;
	end if;
	if not exists (select from pg_roles where rolname = 'waguard') then
		create role waguard login;
	end if;
	if not exists (select from pg_roles where rolname = 'waguard_reader') then
		create role waguard_reader nologin;
	end if;
	-- Nobody else gets in.
	execute format('revoke all on database %I from public', current_database());
	execute format('grant connect on database %I to waguard_owner, waguard, waguard_reader', current_database());
end
$$;

-- What the database confirms, it has on disk, whatever is configured for others.
alter role waguard set synchronous_commit = on;

create schema if not exists waguard;
alter schema waguard owner to waguard_owner;
revoke all on schema waguard from public;
grant usage on schema waguard to waguard;
grant usage on schema waguard to waguard_reader;

do $$
begin
	if to_regclass('waguard.state') is null then
		raise notice 'there are no tables yet: run waguard store migrate as waguard_owner, and then this again';
		return;
	end if;
	grant select on waguard.migration to waguard;
	grant select, insert on waguard.about to waguard;
	grant select, insert, update, delete on waguard.state, waguard.batch to waguard;
	grant select, insert, update on waguard.ledger, waguard.violation to waguard;
	grant select on waguard.waguard_ledger, waguard.waguard_violation, waguard.waguard_consent to waguard_reader;
end
$$;
