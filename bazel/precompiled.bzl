"""A precompiled header for tests: what most of them include is parsed once."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "CPP_COMPILE_ACTION_NAME")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

# What the rule cannot ask Bazel for: the flags that .bazelrc gives to files by
# their name. A flag that changes code must be the same for header and test, or
# g++ quietly parses the header again.
_KIND = ["-x", "c++-header"]

def _optimised(ctx):
    cpp = ctx.fragments.cpp
    levels = [flag for flag in cpp.copts + cpp.cxxopts + ctx.attr.copts if flag.startswith("-O")]
    if levels:
        return levels[-1] != "-O0"
    return ctx.var["COMPILATION_MODE"] == "opt"

def _command(ctx, toolchain, features, context):
    cpp = ctx.fragments.cpp
    variables = cc_common.create_compile_variables(
        cc_toolchain = toolchain,
        feature_configuration = features,
        include_directories = context.includes,
        preprocessor_defines = context.defines,
        quote_include_directories = context.quote_includes,
        system_include_directories = context.system_includes,
        # As Bazel compiles the sources of programs; no compiler takes the header with
        # the other kind.
        use_pic = ctx.var["COMPILATION_MODE"] != "opt",
        user_compile_flags = cpp.copts + cpp.cxxopts + ctx.attr.copts,
    )
    return cc_common.get_memory_inefficient_command_line(
        action_name = CPP_COMPILE_ACTION_NAME,
        feature_configuration = features,
        variables = variables,
    )

def _precompiled_header_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        cc_toolchain = toolchain,
        ctx = ctx,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    dependencies = [CcInfo(compilation_context = dep[CcInfo].compilation_context) for dep in ctx.attr.deps]
    context = cc_common.merge_cc_infos(cc_infos = dependencies).compilation_context
    compiler = cc_common.get_tool_for_action(
        action_name = CPP_COMPILE_ACTION_NAME,
        feature_configuration = features,
    )

    # For `-include NAME.h` g++ takes NAME.h.gch if that was made with the flags at
    # hand, and clang takes NAME.h.pch.
    header = ctx.actions.declare_file(ctx.label.name + ".h")
    ctx.actions.write(header, "")
    outputs = [header]

    # Not where g++ optimises, unless it does not warn at all: a precompiled header
    # has lost the pragmas that keep the C++ library's own code quiet (findings/),
    # and g++ warns of std::string.
    quiet = "-w" in ctx.attr.copts or not _optimised(ctx)
    clang = "clang" in toolchain.compiler

    # clang keeps absolute paths of what it has read, and a sandbox has others.
    if ctx.attr.clang if clang else quiet:
        out = ctx.actions.declare_file(ctx.label.name + (".h.pch" if clang else ".h.gch"))
        ctx.actions.run(
            arguments = _command(ctx, toolchain, features, context) + _KIND + [
                ctx.file.header.path,
                "-o",
                out.path,
            ],
            executable = compiler,
            inputs = depset([ctx.file.header], transitive = [context.headers, toolchain.all_files]),
            execution_requirements = {"no-sandbox": ""} if clang else {},
            mnemonic = "CppPrecompile",
            outputs = [out],
            progress_message = "Precompiling %s" % ctx.file.header.short_path,
        )
        outputs.append(out)
    own = cc_common.create_compilation_context(
        # clang says that the source's compilation has read `header`.
        headers = depset(outputs + [ctx.file.header]),
        quote_includes = depset([header.dirname]),
    )
    return [
        DefaultInfo(files = depset(outputs)),
        cc_common.merge_cc_infos(
            cc_infos = dependencies,
            direct_cc_infos = [CcInfo(compilation_context = own)],
        ),
    ]

precompiled_header = rule(
    implementation = _precompiled_header_impl,
    doc = """`header`, parsed once for all that depend on this and say `-include NAME.h`.

    That file is empty for the compiler that has no precompiled header of it: a
    source still includes by itself all that it uses. Nothing of `deps` is linked.""",
    attrs = {
        "clang": attr.bool(doc = "Also for clang: then nothing is compiled in a sandbox."),
        "copts": attr.string_list(doc = "As of those that include it."),
        "deps": attr.label_list(
            doc = "What `header` includes.",
            providers = [CcInfo],
        ),
        "header": attr.label(
            allow_single_file = [".h"],
            mandatory = True,
        ),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
