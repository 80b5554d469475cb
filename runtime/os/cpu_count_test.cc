#include "heddle/runtime/os/cpu_count.h"

#include <sched.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace heddle::os {
namespace {

// A directory that stands for "/".
class CgroupTest : public testing::Test {
 protected:
  CgroupTest()
      : root_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())) {
    mkdir(root_.c_str(), 0755);
  }

  // Writes the file, and makes the directories to it.
  void Write(absl::string_view path, absl::string_view text) {
    std::string directory = root_;
    const std::vector<std::string> parts =
        absl::StrSplit(path, '/', absl::SkipEmpty());
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      absl::StrAppend(&directory, "/", parts[i]);
      mkdir(directory.c_str(), 0755);
    }
    std::ofstream(absl::StrCat(directory, "/", parts.back())) << text;
  }

  void MountV2(absl::string_view mounted = "/") {
    Write("proc/self/mountinfo",
          absl::StrCat("22 1 254:1 / / rw shared:1 - ext4 /dev/vda rw\n"
                       "30 22 0:26 ",
                       mounted,
                       " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 "
                       "rw,nsdelegate\n"));
  }

  void MountV1() {
    Write("proc/self/mountinfo",
          "33 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
          "34 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup "
          "rw,cpu,cpuacct\n");
  }

  int Quota() { return CgroupQuotaCpus(root_); }

  const std::string root_;
};

TEST_F(CgroupTest, NothingToReadIsNoQuota) { EXPECT_EQ(Quota(), 0); }

TEST_F(CgroupTest, V2QuotaIsRoundedUp) {
  MountV2();
  Write("proc/self/cgroup", "0::/user/app\n");
  Write("sys/fs/cgroup/user/app/cpu.max", "250000 100000\n");
  EXPECT_EQ(Quota(), 3);
  Write("sys/fs/cgroup/user/app/cpu.max", "200000 100000\n");
  EXPECT_EQ(Quota(), 2);
  Write("sys/fs/cgroup/user/app/cpu.max", "1000 100000\n");
  EXPECT_EQ(Quota(), 1) << "one at least";
}

TEST_F(CgroupTest, V2MaxIsNoQuota) {
  MountV2();
  Write("proc/self/cgroup", "0::/user/app\n");
  Write("sys/fs/cgroup/user/app/cpu.max", "max 100000\n");
  EXPECT_EQ(Quota(), 0);
}

TEST_F(CgroupTest, V2AncestorsLimitToo) {
  MountV2();
  Write("proc/self/cgroup", "0::/a/b/c\n");
  Write("sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
  Write("sys/fs/cgroup/a/cpu.max", "300000 100000\n");
  EXPECT_EQ(Quota(), 3) << "b has no file";
  Write("sys/fs/cgroup/a/b/cpu.max", "100000 50000\n");
  EXPECT_EQ(Quota(), 2);
}

TEST_F(CgroupTest, V2InTheMountPointItself) {
  MountV2();
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(Quota(), 2);
}

TEST_F(CgroupTest, AContainersMountShowsItsOwnCgroup) {
  MountV2("/docker/1234");
  Write("proc/self/cgroup", "0::/docker/1234/inner\n");
  Write("sys/fs/cgroup/inner/cpu.max", "500000 100000\n");
  EXPECT_EQ(Quota(), 5);
  Write("sys/fs/cgroup/cpu.max", "400000 100000\n");
  EXPECT_EQ(Quota(), 4);
}

TEST_F(CgroupTest, ACgroupOutsideTheMountCountsAsItsTop) {
  MountV2("/docker/1234");
  Write("sys/fs/cgroup/cpu.max", "700000 100000\n");
  for (const char* path : {"/docker/12345/x", "/elsewhere", "/../../other"}) {
    Write("proc/self/cgroup", absl::StrCat("0::", path, "\n"));
    EXPECT_EQ(Quota(), 7) << path;
  }
}

TEST_F(CgroupTest, V1QuotaAndPeriod) {
  MountV1();
  Write("proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/app/x\n0::/\n");
  const std::string top = "sys/fs/cgroup/cpu,cpuacct";
  Write(top + "/app/x/cpu.cfs_quota_us", "-1\n");
  Write(top + "/app/x/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Quota(), 0);
  Write(top + "/app/x/cpu.cfs_quota_us", "120000\n");
  EXPECT_EQ(Quota(), 2);
  Write(top + "/app/cpu.cfs_quota_us", "40000\n");
  Write(top + "/app/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(Quota(), 1);
}

TEST_F(CgroupTest, AMountPointWithASpace) {
  Write("proc/self/mountinfo",
        "30 22 0:26 / /sys/fs/c\\040group rw - cgroup2 none rw\n");
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/c group/cpu.max", "300000 100000\n");
  EXPECT_EQ(Quota(), 3);
}

TEST_F(CgroupTest, NonsenseDoesNotLimit) {
  MountV2();
  Write("proc/self/cgroup", "nonsense\n0:\n0::/a\n");
  for (const char* text : {"", "x y", "-5 100000", "5", "100000 0", "0 0",
                           "1 2 3", "99999999999999999999 1"}) {
    Write("sys/fs/cgroup/a/cpu.max", text);
    EXPECT_EQ(Quota(), 0) << text;
  }
}

TEST(CpuCountTest, FollowsTheAffinityMask) {
  std::thread([] {  // a thread's mask goes with it
    const int all = AffinityCpus();
    cpu_set_t mask;
    ASSERT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
    EXPECT_EQ(all, CPU_COUNT(&mask));
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(AffinityCpus(), 1);
    EXPECT_EQ(NumCpu(), 1);
  })
      .join();
}

TEST(CpuCountTest, NumCpuIsTheLesser) {
  const int quota = CgroupQuotaCpus("/");
  EXPECT_GE(NumCpu(), 1);
  EXPECT_LE(NumCpu(), AffinityCpus());
  EXPECT_EQ(NumCpu(),
            quota > 0 ? std::min(quota, AffinityCpus()) : AffinityCpus());
}

}  // namespace
}  // namespace heddle::os
