// postrider-rehearse: one line with a request on standard input, one with the answer on standard
// output. The networks are those of the adapters that are linked in.
#include <postrider/catalogue.hpp>
#include <postrider/rehearse/rehearse.hpp>

#include <boost/json/serialize.hpp>

#include <csignal>
#include <iostream>
#include <string>

#include <sys/prctl.h>

int main() {
    using namespace postrider;
    // Whoever asked is the only one to answer to.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::string line;
    std::getline(std::cin, line);
    boost::json::object answer;
    auto const refuse = [&](Error const& error) {
        answer["error"] = {{"code", error.code()}, {"message", error.message()}};
    };
    try {
        auto request = rehearse::request_from_json(line);
        auto seen = request ? rehearse::rehearse(*std::move(request))
                            : Result<boost::json::object>(request.error());
        if (seen)
            answer["data"] = *std::move(seen);
        else
            refuse(seen.error());
    } catch (std::exception const& failure) {
        refuse(make_error("internal.exception", failure.what()));
    }
    std::cout << boost::json::serialize(answer) << std::endl;
    return answer.contains("error") ? 1 : 0;
}
