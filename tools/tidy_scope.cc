// A plugin for clang-tidy that shows its checks this repository's declarations
// alone. clang-tidy walks over the whole of a source with all that it includes,
// once for all checks, and drops afterwards what it found in the headers of
// others: two thirds of its time.
//
// tools/tidy compiles it, against LLVM 14, and loads it. Headers of others are
// those that the compiler takes for a system's.

#include <memory>
#include <string>
#include <vector>

#include "clang/AST/ASTConsumer.h"
#include "clang/AST/ASTContext.h"
#include "clang/AST/Decl.h"
#include "clang/Basic/SourceManager.h"
#include "clang/Frontend/FrontendAction.h"
#include "clang/Frontend/FrontendPluginRegistry.h"

namespace {

class Scope : public clang::ASTConsumer {
 public:
  // Called before clang-tidy's own consumer, which walks the traversal scope.
  void HandleTranslationUnit(clang::ASTContext& context) override {
    const clang::SourceManager& sources = context.getSourceManager();
    std::vector<clang::Decl*> ours;
    for (clang::Decl* decl : context.getTranslationUnitDecl()->decls()) {
      const clang::SourceLocation place =
          sources.getExpansionLoc(decl->getLocation());
      if (place.isValid() && !sources.isInSystemHeader(place)) {
        ours.push_back(decl);
      }
    }
    context.setTraversalScope(ours);
  }
};

class ScopeAction : public clang::PluginASTAction {
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(
      clang::CompilerInstance& /*compiler*/,
      llvm::StringRef /*file*/) override {
    return std::make_unique<Scope>();
  }
  bool ParseArgs(const clang::CompilerInstance& /*compiler*/,
                 const std::vector<std::string>& /*arguments*/) override {
    return true;
  }
  ActionType getActionType() override { return AddBeforeMainAction; }
};

const clang::FrontendPluginRegistry::Add<ScopeAction> registered(
    "tidy-scope", "checks look at this repository's declarations alone");

}  // namespace
