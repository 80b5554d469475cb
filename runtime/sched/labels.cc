#include "heddle/runtime/sched/labels.h"

#include <algorithm>

namespace heddle::sched {
namespace {

bool NameBefore(const Labels::Label& a, const Labels::Label& b) {
  return a.first < b.first;
}

std::vector<Labels::Label> Copy(
    std::initializer_list<std::pair<std::string_view, std::string_view>>
        labels) {
  std::vector<Labels::Label> out;
  out.reserve(labels.size());
  for (const auto& [name, value] : labels) out.emplace_back(name, value);
  return out;
}

}  // namespace

Labels::Labels(
    std::initializer_list<std::pair<std::string_view, std::string_view>> labels)
    : Labels(Copy(labels)) {}

Labels::Labels(std::vector<Label> labels) {
  if (labels.empty()) return;
  std::stable_sort(labels.begin(), labels.end(), NameBefore);
  // Of equal names, next to each other now in their order, the last stays.
  auto out = labels.begin();
  for (auto in = labels.begin(); in != labels.end(); ++in) {
    const auto next = in + 1;
    if (next != labels.end() && next->first == in->first) continue;
    if (out != in) *out = std::move(*in);
    ++out;
  }
  labels.erase(out, labels.end());
  set_ = new Set;
  set_->labels = std::move(labels);
}

Labels Labels::With(const Labels& more) const {
  if (empty()) return more;
  if (more.empty()) return *this;
  std::vector<Label> all(begin(), end());
  all.insert(all.end(), more.begin(), more.end());
  return Labels(std::move(all));
}

std::optional<std::string_view> Labels::Find(std::string_view name) const {
  const auto* found = std::lower_bound(
      begin(), end(), name,
      [](const Label& l, std::string_view n) { return l.first < n; });
  if (found == end() || found->first != name) return std::nullopt;
  return found->second;
}

bool operator==(const Labels& a, const Labels& b) {
  return a.set_ == b.set_ || std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace heddle::sched
