# SPDX-License-Identifier: Apache-2.0
"""libvirt domain XML for guests of tests and the demo."""
import uuid as uuid_module
from xml.sax.saxutils import escape, quoteattr

METADATA_URI = "https://masakari-c.org/xmlns/instance/1.0"
DOMAIN = """\
<domain type='{accel}'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  {metadata}
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type>{boot}</os>
  <features><acpi/></features>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    {devices}
  </devices>
</domain>
"""


def new_uuid():
    """A random UUID in the form libvirt prints."""
    return str(uuid_module.uuid4())


def _domain(name, uuid, memory, boot, devices, metadata, accel):
    if metadata:
        metadata = f"<metadata>{metadata}</metadata>"
    return DOMAIN.format(name=escape(name), uuid=uuid or new_uuid(), memory=memory, boot=boot,
                         devices="\n    ".join(devices), metadata=metadata, accel=accel)


def firmware(name, uuid=None, metadata="", devices=(), accel="qemu"):
    """A guest that has firmware only: it runs for ever, costs 30 MB, and starts in 0.25 s.
    metadata is XML for the inside of <metadata>."""
    # Without a disk the firmware starts anew every minute, which libvirt tells as a reboot.
    boot = "<bios rebootTimeout='-1'/>"
    return _domain(name, uuid, 16, boot, devices, metadata, accel)


def linux(name, kernel, initrd, serial_log, cmdline="", uuid=None, metadata="", devices=(),
          accel="qemu"):
    """A Linux guest, its serial console written to the file serial_log (a path on the host)."""
    boot = (f"<kernel>{escape(str(kernel))}</kernel><initrd>{escape(str(initrd))}</initrd>"
            f"<cmdline>{escape(f'console=ttyS0 quiet panic=-1 {cmdline}'.strip())}</cmdline>")
    serial = f"<serial type='file'><source path={quoteattr(str(serial_log))} append='on'/></serial>"
    return _domain(name, uuid, 128, boot, [serial, *devices], metadata, accel)


def ha_metadata(**values):
    """For `metadata`: what our engine reads from a domain, such as HA_Enabled="True"."""
    inner = "".join(f"<m:meta name={quoteattr(name)}>{escape(value)}</m:meta>"
                    for name, value in values.items())
    return f"<m:instance xmlns:m='{METADATA_URI}'>{inner}</m:instance>"


PANIC_DEVICE = "<panic model='isa'/>"
