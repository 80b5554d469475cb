// A test's whole framework, so that each test depends on heddle alone.

#ifndef EXPECT_H_
#define EXPECT_H_

#include <cstdio>
#include <cstdlib>

// Ends the program with 1, and says why, unless the condition holds.
#define EXPECT(condition)                                             \
  do {                                                                \
    if (!(condition)) {                                               \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, \
                   #condition);                                       \
      std::exit(1);                                                   \
    }                                                                 \
  } while (false)

#endif  // EXPECT_H_
