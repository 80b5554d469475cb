// Runs a shell command and catches what it prints, for tests that need a
// compiler or another tool of the machine.

#ifndef RUNTIME_ARCH_SUBPROCESS_FOR_TEST_H_
#define RUNTIME_ARCH_SUBPROCESS_FOR_TEST_H_

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace heddle::arch {

struct CommandResult {
  int status = -1;     // exit status; 128 + the signal that killed it
  std::string output;  // standard output and standard error
};

inline CommandResult RunCommand(const std::string& command) {
  CommandResult result;
  FILE* const pipe = popen(("( " + command + " ) 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  char buffer[4096];
  while (const size_t n = fread(buffer, 1, sizeof buffer, pipe)) {
    result.output.append(buffer, n);
  }
  const int status = pclose(pipe);
  result.status =
      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

// Whether the shell finds `tool`.
inline bool HaveCommand(const std::string& tool) {
  return RunCommand("command -v " + tool).status == 0;
}

// The compiler's flag that finds this repository's headers as "heddle/…". Bazel
// gives each library a folder for that (bazel/cc_library.bzl); here one link
// beside the test's files serves for all.
inline std::string IncludeFlag() {
  const char* const temporary = std::getenv("TEST_TMPDIR");
  const std::string folder =
      std::string(temporary != nullptr ? temporary : "/tmp") + "/include";
  RunCommand("mkdir -p " + folder + " && ln -sfn \"$PWD\" " + folder +
             "/heddle");
  return "-I" + folder;
}

}  // namespace heddle::arch

#endif  // RUNTIME_ARCH_SUBPROCESS_FOR_TEST_H_
