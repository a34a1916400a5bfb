-- Times are milliseconds since 1970 UTC. Columns that a query selects or orders by are columns; the rest is JSON.
create table settings(name text primary key, value text not null) strict, without rowid;

create table persons(name text primary key, role text not null, passphrase_hash text not null,
  created_at integer not null) strict, without rowid;

create table apps(id text primary key, network text not null, name text not null, client_id text not null,
  sealed_secret text not null, redirect text not null, audited integer not null, options text not null,
  created_at integer not null, unique(network, name)) strict, without rowid;

create table accounts(id text primary key, app_id text not null, network text not null, handle text not null,
  name text not null unique, remote_id text not null, zone text not null, tags text not null, scopes text not null,
  paused integer not null, pause_reason text not null, reconnect_needed integer not null,
  reconnect_reason text not null, facts text not null, connected_at integer not null) strict, without rowid;

create table tokens(account_id text primary key, sealed_access text not null, sealed_refresh text not null,
  access_expires_at integer not null, access_issued_at integer not null, refresh_expires_at integer,
  generation integer not null, refresher text not null, refresher_until integer) strict, without rowid;

create table plans(id text primary key, hash text not null, campaign text not null, state text not null,
  created_at integer not null, valid_until integer not null, applied_at integer, body text not null) strict, without rowid;
create index plans_by_campaign on plans(campaign, id);

create table approvals(id text primary key, plan_id text not null, plan_hash text not null, campaign text not null,
  state text not null, created_at integer not null, expires_at integer not null, decided_at integer,
  person text not null, note text not null, approved_hash text not null, body text not null) strict, without rowid;
create index approvals_by_plan on approvals(plan_id);
create index approvals_by_state on approvals(state);

create table campaigns(name text primary key, file text not null, plan_hash text not null, applied_at integer,
  paused integer not null, pause_reason text not null) strict, without rowid;

create table jobs(id text primary key, key text not null unique, campaign text not null, account text not null,
  account_id text not null, app_id text not null, plan_id text not null, approval_id text not null, hash text not null,
  state text not null, waiting text not null, wait_owner text not null, until integer, next_at integer,
  due_at integer not null, revivable integer not null, committed integer not null, attempt integer not null,
  failures integer not null, looks integer not null, step text not null, saved text not null, intent text not null,
  receipt text not null, error text not null, fence integer not null, lease_owner text not null,
  created_at integer not null, updated_at integer not null, spec text not null) strict;
-- The next job of an account that nobody holds, and who holds what: both stay small however many jobs wait or are done.
create index jobs_next on jobs(account_id, next_at) where next_at is not null and lease_owner = '';
create index jobs_held on jobs(account_id, lease_owner) where lease_owner <> '';
create index jobs_by_campaign on jobs(campaign, id);
create index jobs_by_account on jobs(account, id);
create index jobs_by_plan on jobs(plan_id, id);
create index jobs_by_state on jobs(state, id);

-- One row an account with work: when its next job may run. What a claim costs depends on accounts, not on jobs.
create table ready(account_id text primary key, next_at integer not null) strict, without rowid;
create index ready_by_time on ready(next_at);

create table steps(seq integer primary key, job_id text not null, attempt integer not null, step text not null,
  effect text not null, verdict text not null, http_status integer not null, started_at integer not null,
  duration_ms integer not null, note text not null) strict;
create index steps_by_job on steps(job_id, seq);

create table late_commits(account_id text not null, at integer not null, job_id text not null,
  primary key(account_id, at, job_id)) strict, without rowid;

create table buckets(key text primary key, body text not null) strict, without rowid;

create table media(path text primary key, body text not null) strict, without rowid;

create table events(seq integer primary key, id text not null, type text not null, at integer not null,
  data text not null) strict;
