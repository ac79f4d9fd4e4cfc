"""Errors of explaining; the whole tree is drawn in `hub.errors`."""

from hub.errors import CxrLensError


class OptionError(CxrLensError):
    """An explainer's name, or an option's name, type or value, is not one that exists."""

    code = "OPTION"


class PluginError(CxrLensError):
    """A plugin can't be taken in: it fails to import, has a wrong signature, or a name that is taken."""

    code = "PLUGIN"


class ExplainerError(CxrLensError):
    """An explainer raised, or returned something that is no finite 2-D map."""

    code = "EXPLAINER"


class Cancelled(CxrLensError):
    """The caller asked to stop. Leaves an explainer through `context.progress`; never caught by one."""

    code = "CANCELLED"
