// A module for the loader's tests, built several times: each build is wrong in the way that its
// definitions say, one is right.
#include <postrider/adapter/module.hpp>

namespace {

using namespace postrider::adapter;

class TestAdapter final : public Adapter {
 public:
    TestAdapter() {
        descriptor_.network = TEST_NETWORK;
        descriptor_.errors = {postrider::ErrorRow{TEST_NETWORK ".odd",
                                                  postrider::ErrorKind::rejected,
                                                  postrider::Owner::network,
                                                  postrider::RetryWhen::never,
                                                  "Odd.",
                                                  "Nothing.",
                                                  "Nothing."}};
    }
    Descriptor const& descriptor() const noexcept override { return descriptor_; }
    std::vector<postrider::Finding> validate(Post const&,
                                             AppView const&,
                                             CreatorFacts const*) const override {
        return {};
    }
    FactsAction facts(AccountView const&,
                      AppView const&,
                      postrider::Instant,
                      Answer const&) const override {
        return Facts{};
    }
    Action next(JobView const&, Answer const&) const override { return Wait{}; }
    Action reconcile(JobView const&, Answer const&) const override { return Wait{}; }

 private:
    Descriptor descriptor_;
};

}  // namespace

#ifdef TEST_NO_ENTRY
extern "C" __attribute__((visibility("default"))) Adapter const* some_other_function() {
    static TestAdapter const adapter;
    return &adapter;
}
#else
namespace {

Adapter const* test_adapter() {
    static TestAdapter const adapter;
    return &adapter;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) Module const* postrider_adapter_module() {
    static Module const module{TEST_INTERFACE, TEST_BUILD, TEST_NETWORK, "0.0", &test_adapter};
    return &module;
}
#endif
