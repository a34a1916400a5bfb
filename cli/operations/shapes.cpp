// Shapes that several answers share, in the notation of schema_notation.hpp.
#include "operations/schema_notation.hpp"

namespace postrider::cli {

namespace {

constexpr std::pair<std::string_view, std::string_view> shapes[] = {
    {"state",
     R"("planned"|"awaiting_approval"|"scheduled"|"running"|"waiting"|"unknown"|"published"|"handed_off"|"rejected"|"cancelled")"},
    {"finding",
     R"({level: "error"|"warning", path?: text, file?: text, line?: int, code: text, message: !text, got?: any, allowed?: [any]})"},
    {"error",
     R"({code: text, kind: text, owner: "you"|"creator"|"operator"|"network"|"postrider", exit: int, ~operation?: text,
         message: !text, hint?: text, side_effects: "none"|"partial"|"possible", retry: {when: text, after_ms?: int, at?: instant},
         at?: [{path?: text, file?: text, line?: int, code?: text, message: !text, got?: any, allowed?: [any], level?: text}],
         ~context: object, ~cause: object|null})"},
    {"job",
     R"({id: text, key: text, state: @state, outcome: text|null, final: bool,
         waiting: {reason: text, owner: text, until: instant|null}|null, revivable: bool, committed: bool,
         campaign: text|null, post: text|null, account: text, network: text, due_at: instant, wall: text|null,
         zone: text|null, ~plan_id: text|null, ~job_hash: text, approval_id: text|null, ~attempt: int, ~step: text|null,
         receipt: {~asked: object, ~sent: object, seen: {remote_ids: [text]|null, link: !text|null, visibility: text|null, at: instant|null}},
         error: @error|null, next_look_ms: int|null})"},
    {"step",
     R"({~seq: int, ~job_id: text, attempt: int, step: text, effect: text, verdict: "not_sent"|"no_reply"|"replied",
         http_status: int|null, started_at: instant, duration_ms: int, note: !text|null})"},
    {"hook_run",
     R"({~id: text, ~job_id: text, state: @state, action: object, raised_at: instant, attempts: int, next_at: instant|null,
         done_at: instant|null, error: !text|null})"},
    {"circuit", R"({phase: "open"|"half_open", since: instant, until: instant, evidence: text})"},
    {"person",
     "{name: text, role: \"viewer\"|\"planner\"|\"approver\"|\"admin\", created_at: instant}"},
    {"app",
     "{id: text, network: text, name: text, client_id: text, redirect: text|null, audited: bool, "
     "~options: object, "
     "~created_at: instant}"},
    {"account",
     R"({id: text, name: !text, network: text, handle: !text, ~remote_id: text|null, ~app_id: text, zone: text|null, tags: [text],
         ~scopes: [text], paused: bool, pause_reason: text|null, reconnect_needed: bool, reconnect_reason: !text|null,
         ~facts: @facts|null, ~connected_at: instant})"},
    {"shown_account",
     R"({id: text, name: !text, network: text, handle: !text, ~remote_id: text|null, ~app_id: text, zone: text|null, tags: [text],
         ~scopes: [text], paused: bool, pause_reason: text|null, reconnect_needed: bool, reconnect_reason: !text|null,
         ~facts: @facts|null, ~connected_at: instant, app: text|null,
         tokens: {~issued_at: instant, expires_at: instant, refresh_expires_at: instant|null, refreshable: bool}|null,
         circuit: @circuit|null})"},
    {"facts",
     R"({as_of: instant, handle: !text, nickname: !text, ~avatar_url: !text, ~remote_id: text, offered: {*: [text]},
         locked: {*: !text}, undeliverable: {*: !text}, limits: {*: int}, blocked: @error|null})"},
    {"media",
     R"({path: text, url: text, sha256: text, size_bytes: int, ~mtime_ns: int, ~ctime_ns: int, ~inode: int, ~device: int, kind: text,
         container: text, ~mime: text, video_codec: text, audio_codec: text, width: int, height: int, ~rotation: int,
         duration_ms: int, frame_rate: number, ~bit_rate: int, has_sound: bool, ~alt: !text, ~title: !text})"},
    {"campaign",
     "{name: text, ~file: text, ~plan_hash: text, applied_at: instant|null, paused: bool, "
     "pause_reason: text|null}"},
    {"planned_job",
     R"({action: "create"|"change"|"cancel"|"unchanged", key: text, post: text|null, account: !text, network: text,
         kind: "video"|"photo"|"text", deliver: "direct"|"inbox"|"direct_or_inbox", due_at: instant, asap: bool,
         wall: text|null, zone: text|null, caption: !text, title: !text,
         ~media: [{source: text, sha256: text, kind: text, duration_ms: int, width: int, height: int, size_bytes: int}],
         options: object, ~tags: [text], note: !text|null, ~job_hash: text|null, job_id: text|null, ~prior_state: text|null,
         frozen: bool, differs: [text], needs_approval: bool, asks: [text], findings: [@finding]})"},
    {"plan_head",
     "{id: text|null, plan_hash: text|null, campaign: text|null, file: text|null, created_at: "
     "instant, "
     "valid_until: instant}"},
    {"plan_data",
     "{plan: @plan_head, jobs: [@planned_job], counts: {create: int, change: int, cancel: int, "
     "unchanged: int}, "
     "approvals_needed: int, ~reserves: object, ~inputs: object, notes: [!text]}"},
    {"shown_plan",
     "{plan: @plan_head, jobs: [@planned_job], counts: {create: int, change: int, cancel: int, "
     "unchanged: int}, "
     "approvals_needed: int, ~reserves: object, ~inputs: object, notes: [!text], "
     "state: \"stored\"|\"applied\"|\"dropped\"}"},
    {"approval",
     R"({id: text, plan_id: text, plan_hash: text, campaign: text|null,
         state: "pending"|"granted"|"declined"|"expired"|"superseded"|"revoked", created_at: instant, expires_at: instant,
         decided_at: instant|null, person: text|null, note: !text|null, ~approved_hash: text|null, ~cut?: text, subject?: text|null,
         ~jobs?: {*: text}, asks?: {*: [text]}, request_note?: !text|null, ~left?: object, ~sent?: {*: text}, answers?: object,
         ~words?: [object], ~facts?: object, how?: text})"},
    {"applied_data",
     "{plan: {id: text, plan_hash: text}, jobs: [@job], approvals: [@approval], counts: {*: int}, "
     "actions: {*: int}, "
     "dry_run: bool, requests?: [@request]}"},
    {"request",
     "{job: text|null, account: !text, effect: text, method: text, url: text, ~headers: {*: text}, "
     "body: any}"},
    {"event", "{~id: text, seq: int, type: text, at: instant, ~workspace: text, data: object}"},
    {"explained",
     "{code: text, kind: text, exit: int, owner: text, retry: {when: text}, cause: text, effect: "
     "text, steps: text}"},
    {"input",
     "{name: text, flag: text, help: text, positional: bool, repeatable: bool, required: bool, "
     "values: [text], "
     "default: text|null}"},
    {"operation",
     "{name: text, command: text, sentence: text, usage: text, stage: int, scope: text, effect: "
     "text, "
     "time_limit: text|null, inputs: [@input], ~global_inputs: [@input], errors: [text], examples: "
     "[text]}"},
};

}  // namespace

std::span<std::pair<std::string_view, std::string_view> const> shared_shapes() {
    return shapes;
}

}  // namespace postrider::cli
