"""Source packages of Debian: suites that are run and nothing of which belongs to this repository. They are
fetched by apt-get source with a deb-src line of their own, apart from the system's list, and kept."""
import glob
import os
import re
import subprocess


def fetch(package, folder, marker):
    """The folder that holds `marker` (a glob, one level deep or more) in the unpacked source of a package
    below `folder`; what is there is not fetched again. Gives (path, True if it was fetched now)."""
    found = sorted(glob.glob(os.path.join(folder, marker)))
    if found:
        return os.path.dirname(found[0]), False
    for d in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(folder, "apt", d), exist_ok=True)
    sources = os.path.join(folder, "apt", "sources.list")
    release = subprocess.run(["sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME"], capture_output=True, text=True)
    with open(sources, "w") as f:
        f.write("deb-src %s %s main\n" % (mirror(), release.stdout.strip() or "bookworm"))
    options = ["-o", "Dir::Etc::SourceList=" + sources, "-o", "Dir::Etc::SourceParts=-",
               "-o", "Dir::State::Lists=" + os.path.join(folder, "apt", "lists"),
               "-o", "Dir::Cache=" + os.path.join(folder, "apt", "cache"), "-o", "APT::Sandbox::User="]
    subprocess.run(["apt-get", "-q"] + options + ["update"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["apt-get", "-q"] + options + ["source", package], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    found = sorted(glob.glob(os.path.join(folder, marker)))
    if not found:
        raise SystemExit("no %s in the source of %s" % (marker, package))
    return os.path.dirname(found[0]), True


def mirror():
    """Where this system gets its packages from."""
    for path in ["/etc/apt/sources.list"] + sorted(glob.glob("/etc/apt/sources.list.d/*")):
        try:
            with open(path) as f:
                text = f.read()
        except OSError:
            continue
        m = re.search(r"^(?:deb (?:\[.*?\] )?|URIs: *)(https?://\S+)", text, re.M)
        if m and "security" not in m.group(1):
            return m.group(1)
    return "http://deb.debian.org/debian"
