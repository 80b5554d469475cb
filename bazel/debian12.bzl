"""A repository that tools/debian12/setup has made, for Debian 12's own Bazel.

tools/bazel passes the directory of these repositories to Bazel, as HEDDLE_DEBIAN12.
It does not pass --override_repository, which would also replace a repository
that the workspace declares itself.
"""

def _debian12_repository_impl(ctx):
    made = ctx.os.environ.get("HEDDLE_DEBIAN12")
    if made:
        directory = ctx.path(made).get_child(ctx.name)
        if not ctx.attr.build_file:
            # As local_repository does: files that are new there are seen.
            ctx.delete(".")
            ctx.symlink(directory, ".")
            return
        for entry in directory.readdir():
            ctx.symlink(entry, entry.basename)
    elif ctx.attr.urls:
        ctx.download_and_extract(
            sha256 = ctx.attr.sha256,
            stripPrefix = ctx.attr.strip_prefix,
            url = ctx.attr.urls,
        )
    else:
        fail(("@%s comes from Debian 12's packages: run heddle's tools/bazel " +
              "in the place of bazel, or declare a repository of that name " +
              "before the call of heddle_deps()") % ctx.name)
    if ctx.attr.build_file:
        ctx.delete("BUILD.bazel")
        ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

debian12_repository = repository_rule(
    implementation = _debian12_repository_impl,
    doc = "The directory `name` of $HEDDLE_DEBIAN12, or the archive.",
    attrs = {
        "build_file": attr.label(
            allow_single_file = True,
            doc = "In the place of the archive's own.",
        ),
        "sha256": attr.string(),
        "strip_prefix": attr.string(),
        "urls": attr.string_list(),
    },
    environ = ["HEDDLE_DEBIAN12"],
)
