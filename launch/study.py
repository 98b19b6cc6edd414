"""Run one study: python -m launch.study --config=configs/recognisers.py --workdir=DIR [--config.field=value]

--config.cnn.model=my_package.module:Name puts a config of your own in the place of a part, --config.cnn.model.field=value
sets a field of it.
A study of your own is a package with about, study, claims, findings and figures (.py) that can be imported from the
current directory; --config names a file whose get_config() returns its Config.
"""

import contextlib
import dataclasses
import sys
from pathlib import Path

from absl import flags
from ml_collections import config_flags

from launch import cli
from research.studies import by_path

ARGUMENTS, SETTINGS = by_path.split(sys.argv)
CONFIG = config_flags.DEFINE_config_file(
    "config", help_string="The study's lab note; file.py or file.py:preset.", sys_argv=ARGUMENTS
)
WORKDIR = flags.DEFINE_string("workdir", None, "Run folder to write.", required=True)
FORCE = flags.DEFINE_bool(
    "force", False, "Run again whatever results the folder holds; trained networks are used again."
)
RETRAIN = flags.DEFINE_bool("retrain", False, "Run again, and train the study's networks again.")
DRY_RUN = flags.DEFINE_bool("dry_run", False, "Print the expected time, memory and training, and do nothing.")
flags.mark_flag_as_required("config")


def main() -> int:
    from research import studies
    from research.evidence import claims
    from research.paper.pipeline import conduct
    from research.runtime import multihost

    folder, config = Path(WORKDIR.value), CONFIG.value
    if not dataclasses.is_dataclass(config):
        with contextlib.suppress(AttributeError):
            config.seed  # noqa: B018 - a file that could not be loaded says why when it is asked for anything
    config, force, retrain = by_path.with_settings(config, SETTINGS), FORCE.value, RETRAIN.value
    if DRY_RUN.value:
        return cli.print_estimate({studies.name_of(config): config}, folder, force=force, retrain=retrain)
    fresh = conduct(config, folder, force=force, retrain=retrain)
    if not multihost.is_process_zero():
        return 0
    cli.console().print(claims.table(claims.from_json((folder / "claims.json").read_text())))
    cli.say(f"\n{'Results' if fresh else 'Unchanged results'} and figures in {folder}", "dim")
    return 0


if __name__ == "__main__":
    cli.start(main, arguments=ARGUMENTS)
