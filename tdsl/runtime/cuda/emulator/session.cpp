// The emulator as C functions, for Python: a session holds the arrays of one call while its launches run.
#include <link.h>
#include <sys/mman.h>

#include <cstdlib>
#include <new>

#include "machine.h"

extern "C" __attribute__((visibility("hidden"))) uint8_t __ehdr_start[];

namespace tdsl_emulator {

int run(Machine& given, const Launch& launch);

Machine::~Machine() {
  for (auto* table : {&region_shadow, &shared_shadow})
    for (Shadow& shadow : *table) std::free(shadow.cells);
  if (stacks) munmap(stacks, stack_count * (1 << 20));
}

namespace {

// Being here makes the dynamic linker give this library thread-local storage, and touching it makes the block exist.
thread_local volatile uint8_t anchor;

struct Search {
  uint8_t* begin;
};

int look(dl_phdr_info* info, size_t, void* given) {
  if ((uint8_t*)info->dlpi_addr != __ehdr_start) return 0;
  static_cast<Search*>(given)->begin = static_cast<uint8_t*>(info->dlpi_tls_data);
  return 1;
}

uint8_t* thread_storage() {
  anchor = 1;
  Search search{};
  dl_iterate_phdr(look, &search);
  return search.begin;
}

}  // namespace
}  // namespace tdsl_emulator

using namespace tdsl_emulator;

#define TDSL_EXPORT extern "C" __attribute__((visibility("default")))

// Null where memory is short.
TDSL_EXPORT Machine* tdsl_emulator_open(const Region* regions, uint32_t region_count, const SharedVariable* shared,
                                        uint32_t shared_count, uint32_t record) try {
  Machine* made = new Machine;
  made->regions.assign(regions, regions + region_count);
  made->shared.assign(shared, shared + shared_count);
  made->region_shadow.resize(region_count);
  made->shared_shadow.resize(shared_count);
  made->record = record;
  return made;
} catch (const std::bad_alloc&) {
  return nullptr;
}

// 0 done, 1 memory was short. `dynamic`: gives the address of the dynamic shared block on the calling thread, or null.
TDSL_EXPORT int tdsl_emulator_launch(Machine* given, const Launch* launch, void* (*dynamic)()) {
  given->thread_storage = thread_storage();
  given->dynamic = dynamic ? static_cast<uint8_t*>(dynamic()) : nullptr;
  return run(*given, *launch);
}

TDSL_EXPORT uint64_t tdsl_emulator_findings(Machine* given, const Finding** result) {
  *result = given->findings.data();
  return given->findings.size();
}

TDSL_EXPORT uint64_t tdsl_emulator_traffic(Machine* given, const Traffic** result) try {
  given->traffic.clear();
  for (const Site& site : given->sites)
    if (site.traffic.requests) given->traffic.push_back(site.traffic);
  *result = given->traffic.data();
  return given->traffic.size();
} catch (const std::bad_alloc&) {
  return ~0ull;
}

TDSL_EXPORT void tdsl_emulator_close(Machine* given) { delete given; }
