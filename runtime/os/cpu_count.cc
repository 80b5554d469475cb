#include "heddle/runtime/os/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace heddle::os {
namespace {

constexpr int kNoQuota = 0;

// The whole file, or nothing if it cannot be read.
std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  return text.str();
}

// ceil(quota / period); kNoQuota for values that are none.
int CpusOf(int64_t quota, int64_t period) {
  if (quota <= 0 || period <= 0) return kNoQuota;
  const int64_t cpus = (quota - 1) / period + 1;
  return static_cast<int>(std::min<int64_t>(cpus, 1 << 20));
}

// "QUOTA PERIOD" or "max PERIOD", in microseconds.
int QuotaV2(const std::string& directory) {
  const std::vector<std::string> words =
      absl::StrSplit(ReadFile(directory + "/cpu.max"), absl::ByAnyChar(" \n"),
                     absl::SkipEmpty());
  int64_t quota, period;
  if (words.size() != 2 || !absl::SimpleAtoi(words[0], &quota) ||
      !absl::SimpleAtoi(words[1], &period)) {
    return kNoQuota;
  }
  return CpusOf(quota, period);
}

// Two files of a number each; the quota is -1 if there is none.
int QuotaV1(const std::string& directory) {
  int64_t quota, period;
  if (!absl::SimpleAtoi(ReadFile(directory + "/cpu.cfs_quota_us"), &quota) ||
      !absl::SimpleAtoi(ReadFile(directory + "/cpu.cfs_period_us"), &period)) {
    return kNoQuota;
  }
  return CpusOf(quota, period);
}

// A cgroup hierarchy that can limit CPUs, as it is mounted.
struct Hierarchy {
  bool v2;
  std::string mounted;  // the cgroup that the mount point shows
  std::string mount_point;
};

// mountinfo writes space, tab, newline and backslash as octal: "\040".
std::string Unescape(absl::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '7';
    };
    if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      result += static_cast<char>((text[i + 1] - '0') * 64 +
                                  (text[i + 2] - '0') * 8 + text[i + 3] - '0');
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

// A line of mountinfo: "36 25 0:31 MOUNTED MOUNT_POINT rw… - TYPE SOURCE
// OPTIONS", with any number of fields before the "-".
std::vector<Hierarchy> Hierarchies(const std::string& mountinfo) {
  std::vector<Hierarchy> result;
  for (absl::string_view line : absl::StrSplit(mountinfo, '\n')) {
    const std::pair<absl::string_view, absl::string_view> halves =
        absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    const std::vector<absl::string_view> place =
        absl::StrSplit(halves.first, ' ');
    const std::vector<absl::string_view> type =
        absl::StrSplit(halves.second, ' ');
    if (place.size() < 5 || type.size() < 3) continue;
    const std::vector<absl::string_view> options = absl::StrSplit(type[2], ',');
    const bool v2 = type[0] == "cgroup2";
    const bool v1 =
        type[0] == "cgroup" &&
        std::find(options.begin(), options.end(), "cpu") != options.end();
    if (v1 || v2) {
      result.push_back({v2, Unescape(place[3]), Unescape(place[4])});
    }
  }
  return result;
}

// The process's cgroup in the hierarchy: of /proc/self/cgroup's lines
// "ID:CONTROLLERS:PATH" the one with ID 0 and no controllers (v2), or the one
// with the controller cpu (v1). Empty if there is none.
std::string CgroupPath(const std::string& cgroups, bool v2) {
  for (absl::string_view line : absl::StrSplit(cgroups, '\n')) {
    const std::vector<absl::string_view> fields =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    const std::vector<absl::string_view> controllers =
        absl::StrSplit(fields[1], ',');
    const bool found = v2 ? fields[0] == "0" && fields[1].empty()
                          : std::find(controllers.begin(), controllers.end(),
                                      "cpu") != controllers.end();
    if (found) return std::string(fields[2]);
  }
  return "";
}

// The path of cgroup `path` below the mount point: "" or "/a/b". A cgroup that
// the mount does not show (another namespace's: "/../x") counts as the mount
// point itself, the nearest that can be read.
std::string BelowMount(absl::string_view path, absl::string_view mounted) {
  if (mounted != "/") {
    if (!absl::ConsumePrefix(&path, mounted) ||
        (!path.empty() && path[0] != '/')) {
      return "";
    }
  }
  while (absl::ConsumeSuffix(&path, "/")) {
  }
  for (absl::string_view part : absl::StrSplit(path, '/')) {
    if (part == "..") return "";
  }
  return std::string(path);
}

// The smaller of two quotas.
int Least(int a, int b) {
  if (a == kNoQuota || b == kNoQuota) return std::max(a, b);
  return std::min(a, b);
}

}  // namespace

int CgroupQuotaCpus(absl::string_view root) {
  while (absl::ConsumeSuffix(&root, "/")) {
  }
  const std::string cgroups = ReadFile(absl::StrCat(root, "/proc/self/cgroup"));
  int cpus = kNoQuota;
  for (const Hierarchy& hierarchy :
       Hierarchies(ReadFile(absl::StrCat(root, "/proc/self/mountinfo")))) {
    const std::string path = CgroupPath(cgroups, hierarchy.v2);
    if (path.empty()) continue;
    const std::string top = absl::StrCat(root, hierarchy.mount_point);
    std::string below = BelowMount(path, hierarchy.mounted);
    // A quota holds for everything beneath it: look at all of them.
    while (true) {
      const std::string directory = top + below;
      cpus =
          Least(cpus, hierarchy.v2 ? QuotaV2(directory) : QuotaV1(directory));
      if (below.empty()) break;
      below.resize(below.rfind('/'));
    }
  }
  return cpus;
}

int AffinityCpus() {
  // The kernel refuses a mask that is smaller than its own.
  constexpr size_t kMaxMasks = 1 << 10;  // a million CPUs
  std::vector<cpu_set_t> masks(1);
  while (masks.size() <= kMaxMasks) {
    const size_t size = masks.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, size, masks.data()) == 0) {
      return std::max(1, CPU_COUNT_S(size, masks.data()));
    }
    if (errno != EINVAL) break;
    masks.resize(masks.size() * 2);
  }
  return 1;
}

int NumCpu() { return Least(AffinityCpus(), CgroupQuotaCpus("/")); }

}  // namespace heddle::os
