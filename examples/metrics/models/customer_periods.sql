select * from main.customer_periods
