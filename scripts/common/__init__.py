"""What every package uses: settings, errors, the console, and what the dbt project says."""
