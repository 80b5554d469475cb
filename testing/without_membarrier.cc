#include "heddle/testing/without_membarrier.h"

#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <system_error>

namespace heddle::testing {

bool ForbidMembarrier() {
  sock_filter instructions[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {std::size(instructions), instructions};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
         syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) == -1;
}

void ExecWithoutMembarrier(std::vector<std::string> arguments) {
  // The files that the outer test has to write are not the inner one's.
  for (const char* name :
       {"XML_OUTPUT_FILE", "TEST_PREMATURE_EXIT_FILE", "GTEST_TOTAL_SHARDS"}) {
    unsetenv(name);
  }
  arguments.insert(arguments.begin(), "without_membarrier");
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  // By its own name: /proc/self/exe itself is Valgrind where Valgrind runs us,
  // which only reading the link hides.
  std::error_code error;
  const std::string self =
      std::filesystem::read_symlink("/proc/self/exe", error);
  if (ForbidMembarrier()) execv(self.c_str(), argv.data());
  std::cerr << "cannot become a program without membarrier(2)\n";
  _exit(126);
}

}  // namespace heddle::testing
