// Hashes: the running SHA-256 of an upload, PKCE challenges, webhook signatures.
#pragma once

#include <openssl/sha.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::tiktok::emulator {

/// A running SHA-256 that can be copied and written down half-way. A chunk is hashed on a copy,
/// which replaces the original when the chunk counts as stored; the written form lets an upload go
/// on after the emulator was killed.
class Sha256 {
 public:
    Sha256();

    void update(std::string_view bytes);
    /// Lower-case hex of everything fed so far; more may be fed afterwards.
    std::string hex() const;

    std::string save() const;
    static std::optional<Sha256> load(std::string_view text);

 private:
    SHA256_CTX context_;
};

std::string sha256_hex(std::string_view bytes);
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

/// TikTok's own form of the challenge: hexadecimal, not base64url.
std::string pkce_challenge(std::string_view verifier);

/// Value of the header `TikTok-Signature` for a webhook body.
std::string sign_webhook(std::string_view client_secret,
                         std::int64_t unix_seconds,
                         std::string_view body);

}  // namespace postrider::tiktok::emulator
