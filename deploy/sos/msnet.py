"""The plugin of sos (4.5 or newer) for msnet: its report in two forms, its settings, and the reports that it kept.

Installed as sos/report/plugins/msnet.py in the site-packages of the Python that runs sos.
"""

from sos.report.plugins import DebianPlugin, Plugin, RedHatPlugin, UbuntuPlugin


class Msnet(Plugin, RedHatPlugin, DebianPlugin, UbuntuPlugin):
    """What msnet finds out about the networks of MicroShift's pods."""

    short_desc = "Diagnosis of MicroShift's pod networks by msnet"
    plugin_name = "msnet"
    # microshift-sos-report asks for this profile (openshift/microshift scripts/microshift-sos-report.sh).
    profiles = ("network", "container")
    commands = ("msnet",)

    def setup(self):
        """Say what is collected; sos runs and copies it."""
        # Its own limit is the shorter one: what it could read until then is worth more than nothing.
        for form in ("json", "terminal"):
            self.add_cmd_output(f"msnet diagnose --timeout 60 --format {form}", suggest_filename=f"diagnose_{form}", timeout=120)
        self.add_copy_spec(["/etc/msnet", "/var/lib/msnet", "/run/msnet/reports"])
