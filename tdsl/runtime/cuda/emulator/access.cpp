// Answers every load and store of a kernel: is it inside an array, aligned, of a written value, and free of races?
//
// In: addresses from the compiler's hooks (-fsanitize=thread) and from device.h's vectors and atomics. Out: findings.
// An access outside of every array is reported and not executed: its thread stops there. Two accesses of one element
// race where one is a plain write, another thread made the other, and no barrier lies between: blocks are never
// ordered, threads of a block by __syncthreads, lanes of a warp by __syncwarp as well. Source: CUDA C++ Programming
// Guide, "Memory Consistency Model" at its coarsest: no fences, no scopes below a block.
#include <cstring>

#include "machine.h"

// Bounds of this library in memory, from the linker: constants of a kernel lie there.
extern "C" __attribute__((visibility("hidden"))) uint8_t __ehdr_start[], _end[];

namespace tdsl_emulator {

namespace {

struct Place {            // where an address lies
  Space space;
  uint32_t name;
  uint64_t offset;
};

bool inside(const uint8_t* address, uint64_t bytes, const uint8_t* begin, uint64_t extent) {
  return address >= begin && bytes <= extent && (uint64_t)(address - begin) <= extent - bytes;
}

uint8_t* shared_begin(const SharedVariable& variable) {
  return (variable.dynamic ? machine->dynamic : machine->thread_storage) + variable.offset;
}

bool find_region(const uint8_t* address, uint64_t bytes, uint32_t at, Place& place) {
  const Region& region = machine->regions[at];
  if (!inside(address, bytes, region.begin, region.bytes)) return false;
  place = {Space::Global, at, (uint64_t)(address - region.begin)};
  machine->last_region = at;
  return true;
}

bool find_shared(const uint8_t* address, uint64_t bytes, uint32_t at, Place& place) {
  const SharedVariable& variable = machine->shared[at];
  const uint8_t* begin = shared_begin(variable);
  if (!inside(address, bytes, begin, variable.bytes)) return false;
  place = {Space::Shared, at, (uint64_t)(address - begin)};
  machine->last_shared = at;
  return true;
}

bool find(const uint8_t* address, uint64_t bytes, Place& place) {
  if (!machine->shared.empty() && find_shared(address, bytes, machine->last_shared, place)) return true;
  if (!machine->regions.empty() && find_region(address, bytes, machine->last_region, place)) return true;
  for (uint32_t at = 0; at < machine->regions.size(); at++)
    if (find_region(address, bytes, at, place)) return true;
  for (uint32_t at = 0; at < machine->shared.size(); at++)
    if (find_shared(address, bytes, at, place)) return true;
  return false;
}

// The array whose begin is nearest below, or, where there is none, the nearest one: whose bounds were missed.
Place nearest(const uint8_t* address) {
  Place best{Space::Unknown, 0, (uint64_t)(uintptr_t)address};
  uint64_t distance = ~0ull;
  auto offer = [&](Space space, uint32_t name, const uint8_t* begin, uint64_t bytes) {
    uint64_t away = address >= begin + bytes ? address - (begin + bytes) : address < begin ? begin - address : 0;
    if (away < distance && away < 1ull << 32) {
      distance = away;
      best = {space, name, (uint64_t)(address - begin)};
    }
  };
  for (uint32_t at = 0; at < machine->regions.size(); at++)
    offer(Space::Global, at, machine->regions[at].begin, machine->regions[at].bytes);
  for (uint32_t at = 0; at < machine->shared.size(); at++)
    offer(Space::Shared, at, shared_begin(machine->shared[at]), machine->shared[at].bytes);
  return best;
}

Party accessing(const void* where, uint32_t access) {
  Party result{};
  result.where = library_offset(where);
  result.block = machine->block_linear;
  result.thread = machine->current->linear;
  result.access = access;
  result.launch = machine->launch;
  return result;
}

void report_access(Kind kind, const Place& place, unsigned bytes, Access access, const void* where) {
  Finding finding{};
  finding.kind = kind;
  finding.space = place.space;
  finding.name = place.name;
  finding.bytes = bytes;
  finding.offset = place.offset;
  finding.first = finding.second = accessing(where, access);
  report(finding, (uint64_t)kind << 60 | (uint64_t)place.space << 58 | (uint64_t)place.name << 44 |
                      library_offset(where));
}

// ---- races
bool conflict(const Mark& before, const Mark& now, Space space) {
  if (before.epoch < (space == Space::Shared ? machine->block_epoch : machine->launch_epoch)) return false;
  if (before.access == ATOMIC && now.access == ATOMIC) return false;
  if (before.block != now.block) return true;
  if (before.thread == now.thread || before.epoch != now.epoch) return false;
  return before.thread / WARP != now.thread / WARP || before.warp_epoch == now.warp_epoch;
}

Party remembered(const Mark& mark) {
  Party result{};
  result.where = machine->sites[mark.site].traffic.where;
  result.block = mark.block;
  result.thread = mark.thread;
  result.access = mark.access;
  result.launch = machine->launch;  // accesses of different launches do not race
  return result;
}

bool report_race(const Mark& before, const Mark& now, const Place& place, unsigned bytes) {
  if (!conflict(before, now, place.space)) return false;
  Finding finding{};
  finding.kind = Kind::Race;
  finding.space = place.space;
  finding.name = place.name;
  finding.bytes = bytes;
  finding.offset = place.offset;
  finding.first = remembered(before);
  finding.second = remembered(now);
  report(finding, (uint64_t)before.site << 30 | now.site);
  return true;
}

bool same_thread(const Mark& one, const Mark& other) {
  return one.thread == other.thread && one.block == other.block;
}

// Keeps the latest reader and, of those before it, one of the same warp, one of the block, one of another block.
void remember_read(Mark (&read)[4], const Mark& now) {
  const Mark before = read[0];
  read[0] = now;
  if (before.epoch == 0 || same_thread(before, now)) return;
  bool block = before.block == now.block, warp = block && before.thread / WARP == now.thread / WARP;
  read[warp ? 1 : block ? 2 : 3] = before;
}

void remember_write(Mark (&write)[2], const Mark& now) {
  if (write[0].epoch != 0 && !same_thread(write[0], now)) write[1] = write[0];
  write[0] = now;
}

void touch(Cell& cell, const Mark& now, const Place& place, unsigned bytes) {
  const Mark& last = cell.read[0];
  // Read again by the thread that read it last, and not written since: nothing new.
  if (now.access == LOAD && last.epoch == now.epoch && last.thread == now.thread && last.site == now.site && last.warp_epoch == now.warp_epoch &&
      cell.write[0].epoch < now.epoch)
    return;
  bool raced = report_race(cell.write[0], now, place, bytes) || report_race(cell.write[1], now, place, bytes);
  if (now.access != LOAD)
    for (const Mark& reader : cell.read) raced = raced || report_race(reader, now, place, bytes);
  if (now.access == LOAD)
    remember_read(cell.read, now);
  else
    remember_write(cell.write, now);
}

// ---- the shadow of an array
Shadow& shadow_of(const Place& place) {
  auto& table = place.space == Space::Global ? machine->region_shadow : machine->shared_shadow;
  auto& shadow = table[place.name];
  if (!shadow.cells) {
    uint64_t bytes = place.space == Space::Global ? machine->regions[place.name].bytes
                                                  : machine->shared[place.name].bytes;
    shadow.granule = place.space == Space::Global ? machine->regions[place.name].granule
                                                  : machine->shared[place.name].granule;
    shadow.count = (bytes + shadow.granule - 1) / shadow.granule;
    shadow.cells = static_cast<Cell*>(__builtin_calloc(shadow.count, sizeof(Cell)));
    if (!shadow.cells) throw std::bad_alloc();
  }
  return shadow;
}

bool is_written(const Cell& cell, const Place& place) {
  if (place.space == Space::Shared) return cell.write[0].epoch >= machine->block_epoch;
  return cell.write[0].epoch != 0;
}

void check_contents(const Place& place, unsigned bytes, Access access, const void* where, uint32_t site) {
  bool global = place.space == Space::Global;
  if (global && !machine->regions[place.name].writable) return;  // only read, and written before: nothing can happen
  Shadow& shadow = shadow_of(place);
  const Fiber& fiber = *machine->current;
  const Mark now{machine->epoch, machine->block_linear, site, fiber.warp_epoch, (uint16_t)fiber.linear,
                 (uint16_t)access};
  bool initialised = global && machine->regions[place.name].initialised, unwritten = false;
  uint64_t first = place.offset / shadow.granule, last = (place.offset + bytes - 1) / shadow.granule;
  for (uint64_t at = first; at <= last && at < shadow.count; at++) {
    Cell& cell = shadow.cells[at];
    unwritten |= access != STORE && !initialised && !is_written(cell, place);
    touch(cell, now, {place.space, place.name, at * shadow.granule}, bytes);
  }
  if (unwritten) report_access(Kind::Uninitialised, place, bytes, access, where);
}

uint64_t address_for_traffic(const Place& place, const uint8_t* address) {
  if (place.space == Space::Global) return (uint64_t)(uintptr_t)address;
  return (uint64_t)(shared_begin(machine->shared[place.name]) - machine->thread_storage) + place.offset;
}

}  // namespace

uint64_t library_offset(const void* where) { return (const uint8_t*)where - __ehdr_start; }

void report(const Finding& finding, uint64_t key) {
  auto found = machine->finding_of.find(key);
  if (found != machine->finding_of.end()) {
    machine->findings[found->second].count++;
    return;
  }
  machine->finding_of[key] = (uint32_t)machine->findings.size();
  machine->findings.push_back(finding);
  machine->findings.back().count = 1;
}

void poison_shared() {
  for (const SharedVariable& variable : machine->shared) std::memset(shared_begin(variable), 0xff, variable.bytes);
}

void access(const void* given, unsigned bytes, Access access, const void* where) {
  if (!machine) return;
  const uint8_t* address = static_cast<const uint8_t*>(given);
  if (on_stack(address)) return;
  Place place{};
  if (!find(address, bytes, place)) {
    if (access == LOAD && inside(address, bytes, __ehdr_start, _end - __ehdr_start)) return;
    report_access(Kind::OutOfBounds, nearest(address), bytes, access, where);
    kill_fiber();
  }
  if ((uintptr_t)address % bytes) report_access(Kind::Misaligned, place, bytes, access, where);
  if (access != LOAD && place.space == Space::Global && !machine->regions[place.name].writable) {
    report_access(Kind::OutOfBounds, place, bytes, access, where);
    kill_fiber();
  }
  if (!machine->record) return;
  uint32_t site = site_number(where, place.space, place.name, bytes, access != LOAD);
  check_contents(place, bytes, access, where, site);
  if (access != ATOMIC) count_request(site, address_for_traffic(place, address));
}

}  // namespace tdsl_emulator

// ---- the hooks that the compiler calls before each access
using tdsl_emulator::access;
#define TDSL_HOOK __attribute__((visibility("hidden"), used)) void
#define TDSL_HOOKS(BYTES)                                                                                    \
  TDSL_HOOK __tsan_read##BYTES(void* at) { access(at, BYTES, tdsl_emulator::LOAD, __builtin_return_address(0)); } \
  TDSL_HOOK __tsan_write##BYTES(void* at) { access(at, BYTES, tdsl_emulator::STORE, __builtin_return_address(0)); } \
  TDSL_HOOK __tsan_unaligned_read##BYTES(void* at) {                                                         \
    access(at, BYTES, tdsl_emulator::LOAD, __builtin_return_address(0));                                     \
  }                                                                                                          \
  TDSL_HOOK __tsan_unaligned_write##BYTES(void* at) {                                                        \
    access(at, BYTES, tdsl_emulator::STORE, __builtin_return_address(0));                                    \
  }
extern "C" {
TDSL_HOOKS(1)
TDSL_HOOKS(2)
TDSL_HOOKS(4)
TDSL_HOOKS(8)
TDSL_HOOKS(16)
TDSL_HOOK __tsan_read_range(void* at, unsigned long bytes) {
  access(at, (unsigned)bytes, tdsl_emulator::LOAD, __builtin_return_address(0));
}
TDSL_HOOK __tsan_write_range(void* at, unsigned long bytes) {
  access(at, (unsigned)bytes, tdsl_emulator::STORE, __builtin_return_address(0));
}
// clang++ hands over copies and fills of whole local arrays.
__attribute__((visibility("hidden"), used)) void* __tsan_memcpy(void* to, const void* from, unsigned long bytes) {
  access(from, (unsigned)bytes, tdsl_emulator::LOAD, __builtin_return_address(0));
  access(to, (unsigned)bytes, tdsl_emulator::STORE, __builtin_return_address(0));
  return __builtin_memcpy(to, from, bytes);
}
__attribute__((visibility("hidden"), used)) void* __tsan_memset(void* to, int value, unsigned long bytes) {
  access(to, (unsigned)bytes, tdsl_emulator::STORE, __builtin_return_address(0));
  return __builtin_memset(to, value, bytes);
}
TDSL_HOOK __tsan_init() {}
TDSL_HOOK __tsan_func_entry(void*) {}
TDSL_HOOK __tsan_func_exit() {}
}
