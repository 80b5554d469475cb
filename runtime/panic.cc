#include "heddle/runtime/panic.h"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <string>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sched/m.h"

namespace heddle {
namespace {

std::terminate_handler& Former() {
  static std::terminate_handler former = nullptr;
  return former;
}

std::string TypeName() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "std::terminate called";
  int status = 0;
  char* name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
  std::string text = status == 0 ? name : type->name();
  std::free(name);
  return "an exception of type " + text;
}

std::string What() {
  std::exception_ptr exception = std::current_exception();
  if (exception == nullptr) return TypeName();
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    const char* const what = e.what();
    return what != nullptr ? what : TypeName() + " whose what() is null";
  } catch (const std::string& text) {
    return text;
  } catch (const char* text) {
    return text != nullptr ? text : TypeName() + " that is null";
  } catch (...) {
    return TypeName();
  }
}

[[noreturn]] void Panic() {
  if (sched::Curg() == nullptr) {
    if (Former() != nullptr) Former()();
    std::abort();
  }
  base::WriteErr("panic: " + What() + "\n");
  base::Die(base::Blame::kProgram,
            reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
}

}  // namespace

void InstallPanicHandler() {
  static const bool installed = [] {
    Former() = std::set_terminate(Panic);
    return true;
  }();
  static_cast<void>(installed);
}

}  // namespace heddle
