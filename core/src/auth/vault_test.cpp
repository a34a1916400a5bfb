// The vault: what was sealed opens for the same key and row only, and the key file is kept from
// others.
#include <postrider/core/vault.hpp>

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace postrider::core {
namespace {

class VaultTest : public ::testing::Test {
 protected:
    VaultTest() {
        std::string name =
            (std::filesystem::temp_directory_path() / "postrider-vault-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~VaultTest() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::filesystem::path file(std::string_view name = "vault.key") const {
        return folder_ / name;
    }

    void write(std::string_view content, ::mode_t mode = 0600) const {
        std::ofstream(file(), std::ios::binary) << content;
        ::chmod(file().c_str(), mode);
    }

    std::filesystem::path folder_;
};

TEST_F(VaultTest, OpensWhatItSealed) {
    auto const vault = Vault::create(file());
    ASSERT_TRUE(vault) << vault.error().message();

    for (std::string const& text :
         {std::string{}, std::string{"act.token"}, std::string(100'000, 'x')}) {
        auto const opened = vault->open_sealed(vault->seal(text, "token:acc_1"), "token:acc_1");
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->expose(), text);
    }
}

TEST_F(VaultTest, SameTextIsNeverSealedTheSameWayAndIsPrintable) {
    auto const vault = Vault::create(file()).value();

    std::set<std::string> seals;
    for (int i = 0; i < 100; ++i) seals.insert(vault.seal("secret", "a"));

    EXPECT_EQ(seals.size(), 100U);
    for (char const letter : *seals.begin()) EXPECT_TRUE(letter > ' ' && letter < 0x7F);
    EXPECT_EQ(seals.begin()->find("secret"), std::string::npos);
}

TEST_F(VaultTest, KeyFileServesTheNextProcess) {
    auto sealed = Vault::create(file()).value().seal("secret", "a");

    auto const again = Vault::open(file());

    ASSERT_TRUE(again);
    EXPECT_EQ(again->open_sealed(sealed, "a").value().expose(), "secret");
}

TEST_F(VaultTest, AnotherKeyDoesNotOpen) {
    auto const one = Vault::create(file("one")).value();
    auto const other = Vault::create(file("other")).value();

    auto const opened = other.open_sealed(one.seal("secret", "a"), "a");

    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), "setup.vault_key_wrong");
}

TEST_F(VaultTest, SealOfOneRowDoesNotOpenForAnother) {
    auto const vault = Vault::create(file()).value();

    EXPECT_FALSE(vault.open_sealed(vault.seal("secret", "token:acc_1"), "token:acc_2"));
    EXPECT_FALSE(vault.open_sealed(vault.seal("secret", "token:acc_1"), ""));
}

TEST_F(VaultTest, EveryAlteredCharacterIsNoticed) {
    auto const vault = Vault::create(file()).value();
    auto const sealed = vault.seal("secret", "a");

    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto altered = sealed;
        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(vault.open_sealed(altered, "a")) << "character " << i;
        EXPECT_FALSE(vault.open_sealed(sealed.substr(0, i), "a")) << "cut at " << i;
    }
    EXPECT_FALSE(vault.open_sealed(sealed + "AAAA", "a"));
    EXPECT_FALSE(vault.open_sealed("", "a"));
    EXPECT_FALSE(vault.open_sealed("not sealed at all", "a"));
}

TEST_F(VaultTest, KeyFileIsPrivateWhateverTheUmask) {
    auto const before = ::umask(0277);
    auto const vault = Vault::create(file());
    ::umask(before);

    ASSERT_TRUE(vault);
    struct ::stat facts {};
    ASSERT_EQ(::stat(file().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777U, 0600U);
}

TEST_F(VaultTest, ExistingKeyIsNeverOverwritten) {
    auto const sealed = Vault::create(file()).value().seal("secret", "a");

    auto const again = Vault::create(file());

    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), "setup.already_initialised");
    EXPECT_TRUE(Vault::open(file()).value().open_sealed(sealed, "a"));
}

TEST_F(VaultTest, KeyThatOthersMayReadIsRefusedWithTheRemedy) {
    ASSERT_TRUE(Vault::create(file()));
    for (::mode_t const mode : {0640U, 0604U, 0660U, 0610U}) {
        ::chmod(file().c_str(), mode);

        auto const vault = Vault::open(file());

        ASSERT_FALSE(vault) << mode;
        EXPECT_EQ(vault.error().code(), "setup.vault_key_permissions");
        EXPECT_NE(vault.error().message().find("chmod 600"), std::string::npos);
    }
    ::chmod(file().c_str(), 0400);
    EXPECT_TRUE(Vault::open(file())) << "read-only for the owner is fine";
}

TEST_F(VaultTest, FolderOrPipeIsNoKeyFile) {
    std::filesystem::create_directory(file());

    EXPECT_EQ(Vault::open(file()).error().code(), "setup.vault_key_permissions");
    ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
    EXPECT_EQ(Vault::open(file("pipe")).error().code(), "setup.vault_key_permissions");
}

TEST_F(VaultTest, MissingFileSaysSo) {
    EXPECT_EQ(Vault::open(file()).error().code(), "setup.vault_key_missing");
    EXPECT_EQ(Vault::create(file("no/such/folder")).error().code(), "setup.vault_key_missing");
}

TEST_F(VaultTest, FileThatHoldsNoKeyIsRefused) {
    for (std::string const& content : {std::string{},
                                       std::string(63, 'a'),
                                       std::string(65, 'a'),
                                       std::string(64, 'g'),
                                       std::string(64, 'a') + "\nx"}) {
        write(content);

        auto const vault = Vault::open(file());

        ASSERT_FALSE(vault) << content;
        EXPECT_EQ(vault.error().code(), "setup.vault_key_wrong");
    }
    write(std::string(64, 'a'));
    EXPECT_TRUE(Vault::open(file())) << "the line end may be missing";
}

TEST_F(VaultTest, ErrorsNeverHoldTheKey) {
    write(std::string(63, 'a') + "zz");

    auto const error = Vault::open(file()).error();

    EXPECT_EQ(error.message().find("aaaa"), std::string::npos);
}

TEST(Passphrase, IsVerifiedAgainstItsHash) {
    auto const hash = hash_passphrase(Secret("correct horse"));

    EXPECT_TRUE(verify_passphrase(hash, Secret("correct horse")));
    EXPECT_FALSE(verify_passphrase(hash, Secret("correct horse ")));
    EXPECT_FALSE(verify_passphrase(hash, Secret("")));
    EXPECT_NE(hash, hash_passphrase(Secret("correct horse"))) << "salted";
    EXPECT_EQ(hash.find("horse"), std::string::npos);
}

TEST(Passphrase, TextThatIsNoHashVerifiesNothing) {
    EXPECT_FALSE(verify_passphrase("", Secret("")));
    EXPECT_FALSE(verify_passphrase("plain", Secret("plain")));
    EXPECT_FALSE(verify_passphrase(std::string(1000, '$'), Secret("x")));
}

TEST(ConstantTime, ComparesWholeTexts) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
}

}  // namespace
}  // namespace postrider::core
