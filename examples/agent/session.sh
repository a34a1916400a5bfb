#!/bin/sh
# One session of a program that publishes for a person: from a wish to an outcome, by JSON and exit codes alone.
#
#   session.sh ACCOUNT VIDEO CAPTION FIRST_CHOICE OTHER_CHOICE
#
# The two choices are the audiences that the person named, the better one first: a program never invents one. APPROVE
# names the command that takes the plan's approval to that person; it gets the approval's id and the plan's hash.
#
# `--get POINTER` prints one value of the answer raw, also of a failure (`/error/...`, `/next/...`). Every command here
# may be repeated: planning sends nothing, and the idempotency key makes one post of any number of calls.
set -u
account=$1 video=$2 caption=$3 audience=$4 other=$5
key=$(basename "$video" .mp4)
export POSTRIDER_OUTPUT=json

say() { printf '%s\n' "$*" >&2; }

# What may be asked, and what the exit codes mean, is told by the program itself.
postrider schema post.plan --skeleton -o none || exit
postrider schema exit-codes -o none || exit

plan() {
  postrider post plan --account "$account" --media "$video" --caption "$caption" --when asap --idempotency-key "$key" \
    --option tiktok.privacy_level="$audience" --option tiktok.allow_comment=true --option tiktok.allow_duet=false \
    --option tiktok.allow_stitch=false --option tiktok.disclosure=none "$@"
}

# 1. A plan. Exit 7: something is not acceptable; `error` says what, `next` says what helps.
job=
plan -o none
case $? in
  0) ;;
  8) # this key has its job already, with other content: an earlier session made it, and its outcome is the answer
    [ "$(plan --get /error/code)" = conflict.key_reused ] || exit 8
    job=$(plan --get /error/context/job)
    say "there already: $job"
    ;;
  7)
    code=$(plan --get /error/code)
    say "refused: $code; not offered: $(plan --get /error/at/0/got), offered: $(plan --get /error/at/0/allowed)"
    [ "$code" = tiktok.privacy_level_not_offered ] || exit 7
    # What `next` advises: ["postrider","account","check","tiktok:@..."]. Its words have no blanks, so this is enough.
    say "next: $(plan --get /next/0/why)"
    advice=$(plan --get /next/0/argv | tr -d '["]' | tr ',' ' ')
    $advice --get /facts/offered/privacy_level >offered.json || exit
    grep -q "\"$other\"" offered.json || { say "neither choice is offered: the person must choose again"; exit 7; }
    audience=$other
    ;;
  *) exit ;;
esac

# 2. Exactly that plan, by its hash. Exit 8: something moved meanwhile, plan again. A plan with nothing to do names the
# job that there is.
if [ -z "$job" ]; then
  id=$(plan --get /plan/id) || exit
  hash=$(postrider plan show "$id" --get /plan/plan_hash) || exit
  job=$(postrider plan show "$id" --get /jobs/0/job_id) || exit
  if [ "$job" = null ]; then
    postrider plan apply "$id" --hash "$hash" -o none || exit
    job=$(postrider job list --plan "$id" --get /items/0/id) || exit
  fi
fi
if [ "$(postrider job show "$job" --get /job/state)" = awaiting_approval ]; then # a person decides, never this program
  approval=$(postrider job show "$job" --get /job/approval_id) || exit
  hash=$(postrider approval show "$approval" --get /approval/plan_hash) || exit
  say "waiting for a person: postrider approval grant $approval"
  ${APPROVE:-false} "$approval" "$hash" || exit 6
fi

# 3. Wait; every exit code has one answer.
while :; do
  postrider job wait "$job" --timeout 30s -o none
  code=$?
  case $code in
    0) break ;;
    11) say "still going on" ;;                                # the job goes on; wait again
    14) postrider job reconcile "$job" -o none ;;              # look; never a new plan
    9 | 10) sleep 5 ;;                                         # nothing was accepted
    12 | 13) postrider job show "$job" --get /job/error; exit 12 ;;
    *) exit $code ;; # among them 6: a person has not decided, or said no
  esac
done

# 4. The outcome, with its proof.
outcome=$(postrider job show "$job" --get /job/outcome) || exit
printf '%s %s\n' "$outcome" "$(postrider job show "$job" --get /job/receipt/sent/media)"
