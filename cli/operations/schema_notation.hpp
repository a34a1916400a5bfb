// A short way to write the shape of an answer, and the JSON Schema it stands for.
//
//   text int number bool null any instant object   the plain types (`object`: any members)
//   !text                                          text from outside, marked x-untrusted
//   "a"|"b"                                        one of these words
//   T|null                                         either
//   [T]                                            a list
//   {name: T, other?: T}                           an object with these members in this order; `?`:
//   may be absent
//   {~name: T}                                     left out of a concise answer (`x-detail` in the
//   schema)
//   {*: T}                                         an object whose members have names of their own
//   @name                                          a shape that several operations share, see
//   shared_shapes()
#pragma once

#include <boost/json/object.hpp>

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace postrider::cli {

/// The schema of a notation, with `$defs` for the shared shapes that it uses. Throws
/// std::logic_error when the notation is not well formed, which is a bug of ours and found by a
/// test.
boost::json::object schema_of(std::string_view notation);

/// Name and notation of the shapes that `@name` stands for.
std::span<std::pair<std::string_view, std::string_view> const> shared_shapes();

}  // namespace postrider::cli
