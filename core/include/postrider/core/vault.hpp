// What is kept secret at rest: tokens and app secrets sealed under one key file, and passphrases of
// persons as hashes.
#pragma once

#include <postrider/result.hpp>
#include <postrider/secret.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace postrider::core {

/// Seals and opens text with XChaCha20-Poly1305. The key lives in guarded memory that is not
/// swapped where the system allows it. Movable; the const members may be called from any thread.
class Vault {
 public:
    /// Makes a new key file with mode 0600 and opens it. Never overwrites one:
    /// `setup.already_initialised`.
    static Result<Vault> create(std::filesystem::path const& key_file);

    /// Errors: `setup.vault_key_missing`; `setup.vault_key_permissions` when others may read the
    /// file, it belongs to another user, or it is no plain file; `setup.vault_key_wrong` when it
    /// does not hold a key.
    static Result<Vault> open(std::filesystem::path const& key_file);

    Vault(Vault&&) noexcept;
    Vault& operator=(Vault&&) noexcept;
    ~Vault();

    /// `v1.` and base64url: printable, different at each call. `context` is bound to it and not
    /// kept inside, such as `token:acc_...`: what was sealed for one row does not open for another.
    [[nodiscard]] std::string seal(std::string_view plain, std::string_view context) const;

    /// Errors: `setup.vault_key_wrong` for another key, another context, or altered text; which one
    /// cannot be told.
    [[nodiscard]] Result<Secret> open_sealed(std::string_view sealed,
                                             std::string_view context) const;

 private:
    struct FreeKey {
        void operator()(unsigned char* key) const noexcept;
    };
    using Key = std::unique_ptr<unsigned char, FreeKey>;

    explicit Vault(Key key);
    Key key_;
};

/// Argon2id with libsodium's limits for interactive use: some 0.1 s and 64 MiB. Throws
/// std::bad_alloc without that memory.
std::string hash_passphrase(Secret const& passphrase);
/// False also for a text that is no such hash.
bool verify_passphrase(std::string_view hash, Secret const& passphrase);

/// Takes as long for a difference in the first character as for one in the last. Lengths are no
/// secret.
bool equal_in_constant_time(std::string_view one, std::string_view other) noexcept;

}  // namespace postrider::core
