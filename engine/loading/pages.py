"""Documentation pages of plugins, made from their docstrings."""

from __future__ import annotations

import sys


def page_of(plugin: type) -> str:
    """Return a plugin's documentation page: its docstring; when that is one line or missing, its module's follows.

    * **plugin** - the plugin class.
    """
    import inspect  # slow to import, and most runs show no page

    own_docstring = inspect.cleandoc((plugin.__doc__ if "__doc__" in vars(plugin) else None) or "")
    module_docstring = inspect.cleandoc(sys.modules[plugin.__module__].__doc__ or "")
    if "\n" in own_docstring or not module_docstring:
        return own_docstring
    return f"{own_docstring}\n\n{module_docstring}".strip()


def summary_of(plugin: type) -> str:
    """Return the first line of a plugin's documentation page.

    * **plugin** - the plugin class.
    """
    return page_of(plugin).partition("\n")[0]


def summary_with_endings(plugin: type) -> str:
    """Return the summary with the file name endings, by which readers and writers are chosen.

    * **plugin** - the plugin class.
    """
    endings = getattr(plugin, "suffixes", ())
    return summary_of(plugin) + (f" ({', '.join(endings)})" if endings else "")
