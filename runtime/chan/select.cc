#include "heddle/runtime/chan/select.h"

#include <stdexcept>

namespace heddle {

size_t Select(absl::Span<SelectCase> cases) {
  if (cases.empty()) return Select();
  size_t default_case = chan::kNoDefault;
  for (size_t i = 0; i < cases.size(); i++) {
    if (cases[i].core_.kind != chan::CaseKind::kDefault) continue;
    if (default_case != chan::kNoDefault) {
      throw std::invalid_argument("select: more than one Default");
    }
    default_case = i;
  }
  return chan::SelectCases(&cases[0].core_, sizeof(SelectCase), cases.size(),
                           default_case);
}

}  // namespace heddle
