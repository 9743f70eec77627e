select * from main.dates
