// Groups accesses into requests of a warp, and counts what the memories would move for them.
//
// A request is what the lanes of a warp ask for with one instruction: its n-th execution since the last barrier, lane
// by lane. Global memory moves sectors of 32 bytes; ideal is the distinct bytes asked for, in sectors. Shared memory
// has 32 banks of 4 bytes: accesses of up to 4 bytes go in one phase of 32 lanes, of 8 in two of 16, of 16 in four of
// 8; a phase takes as many wavefronts as the most distinct words in one bank. Source: CUDA C++ Programming Guide,
// "Device Memory Accesses" and "Shared Memory"; the phases of wide accesses are as commonly measured.
#include <algorithm>

#include "machine.h"

namespace tdsl_emulator {

namespace {

constexpr uint32_t SECTOR = 32, BANKS = 32, WORD = 4;

uint64_t distinct(uint64_t* begin, uint64_t* end) {
  if (!std::is_sorted(begin, end)) std::sort(begin, end);
  return std::unique(begin, end) - begin;
}

void count_sectors(Traffic& traffic, const Request& request) {
  uint64_t sectors[2 * WARP], starts[WARP];
  uint32_t sector_count = 0, start_count = 0;
  for (uint32_t lane = 0; lane < WARP; lane++) {
    if (!(request.lanes >> lane & 1)) continue;
    uint64_t address = request.address[lane];
    starts[start_count++] = address;
    sectors[sector_count++] = address / SECTOR;
    if ((address + traffic.bytes - 1) / SECTOR != address / SECTOR)
      sectors[sector_count++] = (address + traffic.bytes - 1) / SECTOR;
  }
  traffic.moved += distinct(sectors, sectors + sector_count);
  traffic.ideal += (distinct(starts, starts + start_count) * traffic.bytes + SECTOR - 1) / SECTOR;
}

uint32_t wavefronts(const Request& request, uint32_t first, uint32_t count, uint32_t bytes) {
  uint64_t words[WARP * 4];
  uint32_t number = 0, in_bank[BANKS] = {}, most = 0;
  for (uint32_t lane = first; lane < first + count; lane++)
    for (uint32_t at = 0; request.lanes >> lane & 1 && at < bytes; at += WORD)
      words[number++] = (request.address[lane] + at) / WORD;
  number = (uint32_t)distinct(words, words + number);
  for (uint32_t at = 0; at < number; at++) most = std::max(most, ++in_bank[words[at] % BANKS]);
  return most;
}

void count_wavefronts(Traffic& traffic, const Request& request) {
  uint32_t bytes = std::min(traffic.bytes, 16u);
  uint32_t phase = bytes > 8 ? 8 : bytes > 4 ? 16 : 32;
  for (uint32_t first = 0; first < WARP; first += phase) {
    uint32_t taken = wavefronts(request, first, phase, bytes);
    traffic.moved += taken;
    traffic.ideal += taken != 0;
  }
}

}  // namespace

uint32_t site_number(const void* where, Space space, uint32_t name, uint32_t bytes, bool store) {
  uint64_t key = (uint64_t)(uintptr_t)where << 16 ^ (uint64_t)name << 3 ^ (uint64_t)space << 1 ^ (uint64_t)store;
  Recent& recent = machine->recent[(key >> 16 ^ key >> 20) % 256];
  if (recent.key == key) return recent.site;
  auto found = machine->site_of.find(key);
  if (found == machine->site_of.end()) {
    Site site{};
    site.traffic = {library_offset(where), space, name, bytes, store, 0, 0, 0};
    found = machine->site_of.emplace(key, (uint32_t)machine->sites.size()).first;
    machine->sites.push_back(site);
  }
  recent = {key, found->second};
  return found->second;
}

void count_request(uint32_t number, uint64_t address) {
  Site& site = machine->sites[number];
  uint32_t thread = machine->current->linear;
  if (site.counts.size() < machine->threads) site.counts.resize(machine->threads);
  if (site.requests.size() <= machine->threads / WARP) site.requests.resize(machine->threads / WARP + 1);
  LaneCount& count = site.counts[thread];
  if (count.epoch != machine->epoch) count = {machine->epoch, 0};
  auto& requests = site.requests[thread / WARP];
  if (requests.size() <= count.count) requests.emplace_back();
  Request& request = requests[count.count++];
  request.lanes |= 1u << thread % WARP;
  request.address[thread % WARP] = address;
}

void end_epoch() {
  for (Site& site : machine->sites)
    for (auto& requests : site.requests) {
      for (const Request& request : requests) {
        site.traffic.requests++;
        if (site.traffic.space == Space::Global)
          count_sectors(site.traffic, request);
        else
          count_wavefronts(site.traffic, request);
      }
      requests.clear();
    }
}

}  // namespace tdsl_emulator
