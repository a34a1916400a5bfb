-- Circuits that are not closed: an endpoint group of a network, or one account. All processes obey the row.
create table circuits(key text primary key, body text not null) strict, without rowid;

-- One row an account with work: when its next job may run, whether a job of it is held, whether its time was seen to
-- have come, and its place in the turns. A claim takes the least turn among those that are due.
drop table ready;
create table ready(account_id text primary key, next_at integer, held integer not null, due integer not null,
  turn integer not null) strict, without rowid;
insert into ready(account_id, next_at, held, due, turn)
  select account_id, min(case when lease_owner = '' then next_at end), max(lease_owner <> ''), 0, 0 from jobs
  where next_at is not null or lease_owner <> '' group by account_id;
create index ready_by_time on ready(due, next_at) where held = 0 and next_at is not null;
create index ready_by_turn on ready(turn, next_at) where due = 1;
create index ready_idle on ready(turn) where held = 0 and next_at is null;
-- The turn of the claim made last: whoever comes newly starts there.
create table turns(present integer not null) strict;
insert into turns(present) values(0);

-- Jobs that may have a commit in doubt: few, however many jobs an account has.
create index jobs_in_doubt on jobs(account_id) where state in ('running', 'unknown');

-- Whether a person must decide about the job; null in rows that are older than this column.
alter table jobs add column needs_approval integer;
-- What a granted approval lets go, job by job, so that a commit need not read all that the approval covers.
create table approved_jobs(approval_id text not null, job_key text not null, job_hash text not null,
  sent_hash text not null, bound text not null, primary key(approval_id, job_key)) strict, without rowid;

-- What hooks have to do: written with the state that raised them.
create table hook_runs(id text primary key, job_id text not null, state text not null, action text not null,
  raised_at integer not null, attempts integer not null, next_at integer, done_at integer,
  error text not null) strict, without rowid;
create index hook_runs_due on hook_runs(next_at) where next_at is not null;
create index hook_runs_by_job on hook_runs(job_id, id);
