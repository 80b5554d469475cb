// Stops a compiler that is not set to C++20, at the first header of heddle's,
// with one error that says so.

#ifndef RUNTIME_BASE_CXX20_H_
#define RUNTIME_BASE_CXX20_H_

// Not #error, after which a compiler goes on: g++ would report a hundred errors
// more. A header that is missing ends the compilation at once.
#if !defined(__cplusplus) || __cplusplus < 202002L
#include <heddle needs C++20: compile with -std=c++20>
#endif

#endif  // RUNTIME_BASE_CXX20_H_
