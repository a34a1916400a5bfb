// postrider-simulate: see docs/reliability.md. The networks are those of the adapters that are
// linked in.
#include <postrider/simulate/simulate.hpp>

int main(int argc, char** argv) {
    return postrider::simulate::simulate_main(argc, argv);
}
