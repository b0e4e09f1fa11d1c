"""What a job is, what it depends on, and the folder it writes: settings, experiment sheet, plan, run folder."""
