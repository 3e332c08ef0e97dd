"""Users, TLS, and sessions that end."""

import ssl
import threading
import time
from datetime import timedelta

import pytest
from pyVim.connect import SmartConnect
from pyVmomi import vim, vmodl

from failback_lab.vcenter import CONFIGURATION_SERVER_USER, VCenter
from failback_lab.workspace import workspace


def test_wrong_password_is_invalid_login(vcenter, login):
    """InvalidLogin on a fresh stub is a bad password.

    Source: API, SessionManager.Login (InvalidLogin).
    """
    with pytest.raises(vim.fault.InvalidLogin):
        login(vcenter, password="wrong")


def test_password_of_another_user_is_invalid_login(vcenter, login):
    """Each user has a password of its own.

    Source: API, SessionManager.Login (InvalidLogin).
    """
    with pytest.raises(vim.fault.InvalidLogin):
        login(vcenter, user=CONFIGURATION_SERVER_USER, password=vcenter.password)


@pytest.mark.parametrize("user", ["nobody@vsphere.local", "lab", ""])
def test_unknown_user_is_invalid_login(vcenter, login, user):
    """The library's own listener has a user; nobody can log in as it.

    Source: API, SessionManager.Login (InvalidLogin); govmomi, simulator/session_manager.go (by default lets anybody in).
    """
    with pytest.raises(vim.fault.InvalidLogin):
        login(vcenter, user=user or "-", password="-")


def test_each_user_has_a_session_of_its_own(vcenter, login):
    """Users of the operator and of the configuration server.

    Source: API, SessionManager.currentSession, UserSession.userName.
    """
    for user in vcenter.passwords:
        assert login(vcenter, user=user).content.sessionManager.currentSession.userName == user


def test_certificate_needs_the_labs_ca(vcenter):
    """Verified by CA only; the default trust store does not know it.

    Source: https://docs.python.org/3/library/ssl.html#ssl.create_default_context; pyvmomi 9.1.1, pyVim/connect.py
    (sslContext)
    """
    with pytest.raises(ssl.SSLCertVerificationError):
        SmartConnect(
            host=vcenter.host,
            port=vcenter.port,
            user=vcenter.username,
            pwd=vcenter.password,
            sslContext=ssl.create_default_context(),
        )


def test_expired_session_has_two_shapes(own):
    """A method raises NotAuthenticated; a read answers with everything missing.

    Source: API, NotAuthenticated, MissingProperty.fault; https://github.com/vmware/pyvmomi/issues/43,
    https://github.com/vmware/pyvmomi/issues/294.
    """
    vm = own.vm("mt-lin-1")
    assert own.vcenter.control.expire_sessions() >= 1
    with pytest.raises(vim.fault.NotAuthenticated):
        own.si.CurrentTime()
    found, missing = own.read(vm, "name", "snapshot")
    assert found == {}
    assert {path: type(fault) for path, fault in missing.items()} == {
        "name": vim.fault.NotAuthenticated,
        "snapshot": vim.fault.NotAuthenticated,
    }


def test_login_again_on_the_same_stub(own):
    """Objects stay usable after a new login.

    Source: API, SessionManager.Login; pyvmomi 9.1.1, pyVmomi/SoapAdapter.py (an object knows its stub).
    """
    vm = own.vm("mt-lin-1")
    own.vcenter.control.expire_sessions()
    own.content.sessionManager.Login(own.vcenter.username, own.vcenter.password)
    assert vm.name == "mt-lin-1"


def test_idle_session_ends(lab_ca, lab_binaries, demo_scenario, login):
    """A session that is not used ends; one that is used stays.

    Source: govmomi, simulator/session_manager.go (config.vmacore.soap.sessionTimeout).
    """
    with workspace() as directory:
        server = VCenter(directory / "vcenter", lab_ca, lab_binaries.vcsim, demo_scenario)
        server.session_timeout = timedelta(seconds=1)
        with server:
            session = login(server)
            for _ in range(6):
                time.sleep(0.3)
                session.si.CurrentTime()
            time.sleep(2.2)  # the limit is checked once in its own length
            with pytest.raises(vim.fault.NotAuthenticated):
                session.si.CurrentTime()


def test_expiry_ends_a_wait_for_updates(own):
    """A call that waits is told when its session ends, not at the end of its time.

    Source: API, PropertyCollector.WaitForUpdatesEx; lab/vcenter/README.md (that it ends at once is recalled).
    """
    query = vmodl.query.PropertyCollector
    collector = own.content.propertyCollector.CreatePropertyCollector()
    spec = query.FilterSpec(
        propSet=[query.PropertySpec(type=vim.VirtualMachine, pathSet=["name"])],
        objectSet=[query.ObjectSpec(obj=own.vm("mt-lin-1"))],
    )
    collector.CreateFilter(spec, partialUpdates=True)
    first = collector.WaitForUpdatesEx("", query.WaitOptions(maxWaitSeconds=1))
    timer = threading.Timer(0.3, own.vcenter.control.expire_sessions)
    timer.start()
    with pytest.raises(vim.fault.NotAuthenticated):
        collector.WaitForUpdatesEx(first.version, query.WaitOptions(maxWaitSeconds=30))
    timer.join()
