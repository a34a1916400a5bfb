-- An account whose jobs are turned away one after another is left alone until then: what a limit costs must not grow with
-- the jobs that wait for it.
alter table ready add column rest_until integer not null default 0;

-- What has been begun comes before what has not: a post that is out is seen through although thousands wait behind it.
create index jobs_begun on jobs(account_id, next_at)
  where next_at is not null and lease_owner = '' and state <> 'scheduled';
